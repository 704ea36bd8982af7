import asyncio
import random
from collections.abc import Sequence

import pytest

from exporter.client.rate_limiter import MAX_REFUSALS, RateLimiter, effective_budget, share_of
from exporter.errors import RateLimitedError
from exporter.provider import RateLimit
from tests.virtual_time import now, run_virtual, virtually

LIMITS = [
    RateLimit(requests=1, per=1),
    RateLimit(requests=1, per=1, share=0.25),
    RateLimit(requests=10, per=10),
    RateLimit(requests=10, per=10, share=0.25),
    RateLimit(requests=10, per=10, share=0.5),
    RateLimit(requests=3, per=1, share=1 / 3),
    RateLimit(requests=60, per=60, share=0.5),
    RateLimit(requests=7, per=0.3),
]
ENDLESS = 1e9


async def arrivals(limiter: RateLimiter, chance: random.Random, count: int, slowest: float) -> list[float]:
    """Send `count` requests at random instants; return when they arrived, each after a while on its way."""
    arrived: list[float] = []

    async def send() -> None:
        await asyncio.sleep(chance.choice([0.0, chance.uniform(0, 3 * limiter.window)]))
        async with limiter.slot(ENDLESS):
            await asyncio.sleep(chance.uniform(0, slowest))
            arrived.append(now())
            await asyncio.sleep(chance.uniform(0, slowest))

    await asyncio.gather(*(send() for _ in range(count)))
    return sorted(arrived)


def busiest(arrived: Sequence[float], window: float) -> int:
    """Return the most arrivals in any window that begins with one of them and ends before `window` seconds."""
    return max(sum(first <= other < first + window for other in arrived) for first in arrived)


@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_no_window_holds_more_than_the_budget_however_long_requests_are_on_their_way(limit: RateLimit) -> None:
    allowed = limit.requests * limit.share
    window = limit.per if allowed >= 1 else limit.per / allowed  # 1 of 4 per second is 1 in 4 seconds
    for seed in range(12):
        chance = random.Random(seed)
        slowest = chance.choice([0.0, 0.01, 1.0, 4.0]) * limit.per

        async def work(chance: random.Random = chance, slowest: float = slowest) -> list[float]:
            return await arrivals(RateLimiter(limit), chance, 50, slowest)

        arrived = run_virtual(work())
        assert len(arrived) == 50
        assert busiest(arrived, window) <= max(1, int(allowed + 1e-9)), f"seed {seed}"


@pytest.mark.parametrize(
    ("share", "slots", "window"), [(1, 10, 10), (0.5, 5, 10), (0.25, 2, 10), (0.1, 1, 10), (0.05, 1, 20)]
)
def test_a_share_that_is_no_whole_number_is_rounded_down_and_a_fraction_of_one_takes_longer(
    share: float, slots: int, window: float
) -> None:
    assert effective_budget(RateLimit(requests=10, per=10, share=share)) == (slots, window)


@virtually
async def test_a_burst_up_to_the_budget_waits_for_nothing_and_the_next_one_a_window() -> None:
    limiter = RateLimiter(RateLimit(requests=10, per=10))
    waits = []

    async def send() -> None:
        async with limiter.slot(ENDLESS) as waited:
            waits.append(waited)

    await asyncio.gather(*(send() for _ in range(25)))
    assert waits[:10] == [0.0] * 10
    assert waits[10:20] == pytest.approx([10.05] * 10)
    assert waits[20:] == pytest.approx([20.1] * 5)


@virtually
async def test_the_whole_budget_is_there_again_after_a_rest() -> None:
    limiter = RateLimiter(RateLimit(requests=4, per=2))
    for _ in range(3):
        begun = now()
        await asyncio.gather(*(_send(limiter) for _ in range(4)))
        assert now() == begun
        await asyncio.sleep(2.1)


@virtually
async def test_a_place_comes_back_a_window_after_the_answer_and_not_after_the_sending() -> None:
    limiter = RateLimiter(RateLimit(requests=1, per=1))
    async with limiter.slot(ENDLESS):
        await asyncio.sleep(5)
    async with limiter.slot(ENDLESS) as waited:
        assert waited == pytest.approx(1.05)
        assert now() == pytest.approx(6.05)


@virtually
async def test_who_asked_first_is_served_first() -> None:
    limiter = RateLimiter(RateLimit(requests=2, per=1))
    served = []

    async def send(number: int) -> None:
        await asyncio.sleep(number / 1000)
        async with limiter.slot(ENDLESS):
            served.append(number)

    await asyncio.gather(*(send(number) for number in reversed(range(12))))
    assert served == list(range(12))


@virtually
async def test_a_request_that_is_given_up_takes_no_place_from_others() -> None:
    limiter = RateLimiter(RateLimit(requests=1, per=1))
    await _send(limiter)
    waiting = asyncio.create_task(_send(limiter))
    await asyncio.sleep(0.5)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await _send(limiter)
    assert now() == pytest.approx(1.05)


@virtually
async def test_nothing_is_sent_while_the_vendor_has_closed_and_nothing_is_lost() -> None:
    limiter = RateLimiter(RateLimit(requests=2, per=1))
    limiter.close_for(30)
    limiter.close_for(3)  # the longer one holds
    sent = await asyncio.gather(*(_send(limiter) for _ in range(4)))
    assert sent == pytest.approx([30, 30, 31.05, 31.05])


@virtually
async def test_a_closing_holds_for_those_too_that_waited_for_a_place_already() -> None:
    limiter = RateLimiter(RateLimit(requests=1, per=10))
    await _send(limiter)
    waiting = asyncio.create_task(_send(limiter))
    await asyncio.sleep(1)
    limiter.close_for(60)
    assert await waiting == pytest.approx(61)


@virtually
async def test_a_wait_beyond_the_patience_fails_at_once_and_takes_no_place() -> None:
    limiter = RateLimiter(RateLimit(requests=1, per=1))
    limiter.close_for(301)
    with pytest.raises(RateLimitedError, match="301 s"):
        await _send(limiter, max_wait=300)
    assert now() == 0
    await asyncio.sleep(2)
    assert await _send(limiter, max_wait=300) == pytest.approx(301)


@virtually
async def test_a_vendor_that_closes_for_years_is_asked_again_after_a_day() -> None:
    limiter = RateLimiter(RateLimit(requests=1, per=1))
    limiter.close_for(1e9)
    assert await _send(limiter) == 86400


@virtually
async def test_who_waits_already_when_the_vendor_closes_for_too_long_fails_as_well() -> None:
    limiter = RateLimiter(RateLimit(requests=1, per=5))
    await _send(limiter)
    waiting = asyncio.create_task(_send(limiter, max_wait=300))
    await asyncio.sleep(1)
    limiter.close_for(3600)
    with pytest.raises(RateLimitedError):
        await waiting


@pytest.mark.parametrize("retry_after", [0.0, 2.0, 45.0])
@virtually
async def test_after_a_refusal_the_wait_is_as_told_and_a_little_more(retry_after: float) -> None:
    limiter = RateLimiter(RateLimit(requests=5, per=1))
    limiter.record_429(retry_after)
    assert retry_after + 0.05 <= await _send(limiter) <= retry_after + 0.25


@virtually
async def test_without_a_hint_each_refusal_doubles_the_wait_up_to_a_minute_and_the_patience_ends() -> None:
    limiter = RateLimiter(RateLimit(requests=100, per=1))
    for shortest in (1, 2, 4, 8, 16):
        begun = now()
        limiter.record_429(None)
        assert shortest <= await _send(limiter) - begun <= 1.5 * shortest
    with pytest.raises(RateLimitedError, match="6 requests"):
        limiter.record_429(None)
    for _ in range(5):
        await asyncio.sleep(100)
        begun = now()
        with pytest.raises(RateLimitedError):
            limiter.record_429(None)
        assert await _send(limiter) - begun <= 90


@virtually
async def test_refusals_with_a_hint_do_not_go_on_for_ever_either() -> None:
    limiter = RateLimiter(RateLimit(requests=100, per=1))
    for _ in range(MAX_REFUSALS):
        limiter.close_for(1)  # by its headers, which came with the same answer
        limiter.record_429(1)
        await _send(limiter)
    with pytest.raises(RateLimitedError):
        limiter.record_429(1)


@virtually
async def test_an_answer_that_is_no_refusal_lets_the_earlier_ones_be_forgotten() -> None:
    limiter = RateLimiter(RateLimit(requests=100, per=1))
    for _ in range(50):
        limiter.record_429(None)
        await asyncio.sleep(2)
        limiter.record_success()


@pytest.mark.parametrize("retry_after", [None, 3.0])
@virtually
async def test_many_requests_that_are_refused_together_are_one_refusal(retry_after: float | None) -> None:
    limiter = RateLimiter(RateLimit(requests=100, per=1))
    for _ in range(20):
        limiter.record_429(retry_after)
    assert await _send(limiter) <= 3.25


@virtually
async def test_the_jitter_differs_so_that_replicas_do_not_come_back_together() -> None:
    limiter = RateLimiter(RateLimit(requests=100, per=1))
    waits = set()
    for _ in range(5):
        begun = now()
        limiter.record_429(1)
        waits.add(round(await _send(limiter) - begun, 6))
    assert len(waits) > 1


@virtually
async def test_a_part_of_a_budget_is_a_limiter_of_its_own_within_it() -> None:
    whole = RateLimit(requests=10, per=10, share=0.5)
    quarter = share_of(whole, 0.25)
    assert effective_budget(quarter) == (1, 10)
    assert effective_budget(share_of(RateLimit(requests=1, per=1), 0.25)) == (1, 4)


@pytest.mark.parametrize("spent", [0, 4, 10])
@virtually
async def test_a_budget_that_becomes_smaller_lets_no_more_through_than_it_now_is(spent: int) -> None:
    limiter = RateLimiter(RateLimit(requests=10, per=10))
    await asyncio.gather(*(_send(limiter) for _ in range(spent)))
    await asyncio.sleep(1)
    limiter.change(RateLimit(requests=2, per=10))
    sent = await asyncio.gather(*(_send(limiter) for _ in range(6)))
    begins = 10.05 if spent else 1
    assert sorted(sent) == pytest.approx([begins, begins, begins + 10.05, begins + 10.05] + [begins + 20.1] * 2)


@virtually
async def test_a_budget_that_becomes_larger_does_not_forget_what_is_spent() -> None:
    limiter = RateLimiter(RateLimit(requests=2, per=10))
    await asyncio.gather(_send(limiter), _send(limiter))
    waiting = [asyncio.create_task(_send(limiter)) for _ in range(4)]
    await asyncio.sleep(1)
    limiter.change(RateLimit(requests=5, per=10))
    assert await asyncio.gather(*waiting) == pytest.approx([1, 1, 1, 10.05])


@virtually
async def test_a_budget_that_is_changed_to_and_fro_is_what_it_was() -> None:
    few, many = RateLimit(requests=3, per=10), RateLimit(requests=9, per=10)
    limiter = RateLimiter(few)
    for limit in (many, few, many, few, few):
        limiter.change(limit)
    sent = await asyncio.gather(*(_send(limiter) for _ in range(9)))
    assert sorted(sent) == pytest.approx([0] * 3 + [10.05] * 3 + [20.1] * 3)


async def _send(limiter: RateLimiter, max_wait: float = ENDLESS) -> float:
    """Send a request that is answered at once; return when."""
    async with limiter.slot(max_wait):
        return now()
