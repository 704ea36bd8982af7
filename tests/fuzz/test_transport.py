"""Headers, links and schedules, whatever stands in them."""

import math
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.client.responses import links, number, rate_limit_reset, retry_after, same_host
from exporter.errors import MalformedError
from exporter.schedule import DAY, WEEK, largest_gap
from tests.fuzz.profile import TEXTS, fuzz

pytestmark = pytest.mark.slow

BASE = "https://api.vendor.example/v1/things?page=1"
NOW = 1_763_467_200.0
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80)
PIECES = st.lists(
    st.sampled_from([
        "<", ">", ";", ",", "rel", "=", '"', "'", " ", "next", "last prev", "NEXT", "/a?b=1,2", "https://h.example/x;y",
        "title", "*", "rev", "anchor", "\\", "\t", "<>", '<a>; rel="next"', "<b>; rel=last", "rel=next",
    ]),
    max_size=14,
).map("".join)  # fmt: skip
URLS = st.one_of(
    TEXTS,
    PIECES,
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from([
            "https://", "http://", "//", "ftp://", "javascript:", "https:", "HTTPS://", "\thttps://", "\\\\",
        ]),
        st.sampled_from([
            "api.vendor.example", "API.VENDOR.EXAMPLE", "api.vendor.example:443", "api.vendor.example:80", "a@b",
            "api.vendor.example@evil.example", "evil.example", "api.vendor.example.evil.example", "[::1]", "[", "",
            "evil.example\\@api.vendor.example", "api.vendor.example:99999", "user:pw@api.vendor.example",
            "api.vendor.example.",
        ]),
        st.sampled_from(["", "/", "/v1", "?", "#", "\\", "%"]),
        st.text(max_size=10),
    ),
)  # fmt: skip


@fuzz(400)
@given(st.one_of(HEADER, PIECES))
def test_any_link_header_gives_targets_by_words(header: str) -> None:
    for rel, target in links({"link": header}).items():
        assert rel == rel.lower().strip() != ""
        assert " " not in rel
        assert target in header
        assert not {"<", ">"} & set(target)


@fuzz(200)
@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.from_regex(r"/[a-z,;=/?]{0,12}", fullmatch=True))
)
def test_a_well_formed_link_header_is_read_back(targets: dict[str, str]) -> None:
    written = ", ".join(f'<{target}>; title="x"; rel="{rel}"' for rel, target in targets.items())
    assert links({"link": written}) == targets


@fuzz(800)
@given(URLS)
def test_no_link_leads_away_from_its_host(target: str) -> None:
    try:
        found = same_host(BASE, target)
    except MalformedError:
        return
    parts = urlsplit(found)
    assert (parts.scheme, parts.netloc) == ("https", "api.vendor.example")
    assert "#" not in found
    assert urlsplit(urljoin(BASE, found)).hostname == "api.vendor.example"
    assert same_host(BASE, found) == found


@fuzz(400)
@given(
    retry=st.one_of(HEADER, st.datetimes().map(str), st.integers().map(str), st.floats().map(str)),
    reset=HEADER,
    date=HEADER,
)
def test_any_hint_to_wait_is_a_span_or_nothing(retry: str, reset: str, date: str) -> None:
    wait = retry_after({"retry-after": retry, "x-ratelimit-reset": reset, "date": date}, NOW)
    assert wait is None or (wait >= 0 and math.isfinite(wait))


@fuzz(200)
@given(st.integers(0, 10**9), st.integers(-(10**6), 10**6))
def test_a_date_is_held_against_the_vendors_own_clock(wait: int, wrong: int) -> None:
    def date(seconds: float) -> str:
        return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)

    headers = {"retry-after": date(NOW + wrong + wait), "date": date(NOW + wrong)}
    assert retry_after(headers, NOW) == wait
    assert retry_after({"retry-after": str(wait)}, NOW) == wait


@fuzz(200)
@given(
    st.one_of(HEADER, st.integers(-5, 10**13).map(str), st.floats().map(repr), st.sampled_from(["9" * 400, "٣", "1e3"]))
)
def test_a_number_is_plain_and_not_below_zero(text: str) -> None:
    found = number(text)
    assert found is None or (found >= 0 and math.isfinite(found) and found == float(text))
    reset = rate_limit_reset({"x-ratelimit-reset": text})
    assert reset is None or 0 <= reset <= 7200


SLOTS = st.lists(st.floats(0, 1e9, allow_nan=False), min_size=1, max_size=20)
WHOLE = st.lists(st.integers(0, 10**7), min_size=1, max_size=20)
CYCLES = st.sampled_from([DAY, WEEK])


@fuzz(300)
@given(SLOTS, CYCLES)
def test_a_gap_is_between_an_even_share_and_the_whole_cycle(slots: list[float], cycle: float) -> None:
    gap = largest_gap(slots, cycle)
    assert gap is not None
    assert cycle / len(slots) - 1e-3 <= gap <= cycle


@fuzz(300)
@given(WHOLE, CYCLES, st.integers(0, 10**6))
def test_a_gap_does_not_depend_on_order_repetition_or_where_the_cycle_begins(
    slots: list[int], cycle: float, shift: int
) -> None:
    gap = largest_gap(slots, cycle)
    assert gap == largest_gap([*reversed(slots), *slots], cycle)
    assert gap == largest_gap([slot + shift for slot in slots], cycle)
    assert gap == largest_gap([slot + 3 * cycle for slot in slots], cycle)


@fuzz(300)
@given(WHOLE, CYCLES, st.integers(0, 10**7))
def test_one_more_slot_never_widens_the_gap(slots: list[int], cycle: float, another: int) -> None:
    before, after = largest_gap(slots, cycle), largest_gap([*slots, another], cycle)
    assert before is not None
    assert after is not None
    assert after <= before


@pytest.mark.parametrize("cycle", [DAY, WEEK])
def test_no_slot_has_no_gap_and_one_has_the_whole_cycle(cycle: float) -> None:
    assert largest_gap([], cycle) is None
    assert largest_gap([5.5], cycle) == cycle
