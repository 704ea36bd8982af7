"""What a right and a wrong password cost: bcrypts are counted, not timed."""

import asyncio
import threading
from base64 import b64encode
from dataclasses import dataclass, field

import bcrypt
import pytest

from exporter import background
from exporter.web import basic_auth
from exporter.web.basic_auth import MAX_REMEMBERED, MAX_WAITING, BasicAuthenticator, BusyError, credentials


def hash_password(password: bytes, rounds: int = 4) -> bytes:
    return bcrypt.hashpw(password, bcrypt.gensalt(rounds))


USERS = {b"ann": hash_password(b"a"), b"bob": hash_password(b"b", 5), "zoë".encode(): hash_password("ß".encode())}


def basic(name: str, password: str) -> str:
    return f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the hashes that were compared with, in order."""
    compared: list[bytes] = []
    check = bcrypt.checkpw

    def counting(password: bytes, known: bytes) -> bool:
        compared.append(known)
        return check(password, known)

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    return compared


async def test_the_second_scrape_pays_no_bcrypt(costs: list[bytes]) -> None:
    door = BasicAuthenticator()
    assert [await door.verify(USERS, basic("ann", "a")) for _ in range(5)] == [True] * 5
    assert costs == [USERS[b"ann"]]
    assert await door.verify(USERS, basic("zoë", "ß"))


async def test_many_at_once_pay_it_once(costs: list[bytes]) -> None:
    door = BasicAuthenticator()
    assert all(await asyncio.gather(*(door.verify(USERS, basic("ann", "a")) for _ in range(20))))
    assert len(costs) == 1


async def test_an_unknown_name_costs_what_a_wrong_password_costs(costs: list[bytes]) -> None:
    door = BasicAuthenticator()
    for number in range(2):
        for name in ("ann", "unknown", "", "somebody"):
            assert not await door.verify(USERS, basic(name, f"guess {number}"))
    assert len(costs) == 8
    assert set(costs) <= set(USERS.values())
    assert costs[:4] == costs[4:], "asking twice reveals nothing either"


async def test_an_unknown_name_never_comes_in_even_with_the_password_of_the_stand_in(costs: list[bytes]) -> None:
    door, users = BasicAuthenticator(), {b"ann": USERS[b"ann"]}
    assert [await door.verify(users, basic("unknown", "a")) for _ in range(2)] == [False] * 2
    assert len(costs) == 1


async def test_a_refused_pair_is_remembered_for_a_while_whoever_asks(
    costs: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    door = BasicAuthenticator()
    for address in ("a", "b", "a"):
        for name in ("ann", "unknown"):
            assert not await door.verify(USERS, basic(name, "wrong"), address)
    assert len(costs) == 2
    monkeypatch.setattr(basic_auth, "REFUSED_SECONDS", -1.0)
    assert not await door.verify(USERS, basic("ann", "another"))
    assert not await door.verify(USERS, basic("ann", "another"))
    assert len(costs) == 4
    monkeypatch.setattr(basic_auth, "MAX_REFUSED", 10)
    for number in range(20):
        assert not await door.verify(USERS, basic("ann", str(number)))
    assert len(door._refused) == 10


@dataclass
class HeldToken:
    """A bcrypt that goes on when it is let, and what was computed in which order."""

    computed: list[bytes] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)

    def matches(self, password: bytes, hash_password: bytes) -> bool:
        self.computed.append(password)
        assert self.go_on.wait(10)
        return password == b"right"


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> HeldToken:
    one = HeldToken()
    monkeypatch.setattr(basic_auth, "_matches", one.matches)
    return one


async def waiting(door: BasicAuthenticator, *logins: tuple[str, str], gone: bool = False) -> "list[asyncio.Task[bool]]":
    """Let logins, each an address and a password, come one after the other."""
    tasks = []
    for address, password in logins:
        login = door.verify({b"ann": b"x"}, basic("ann", password), address, lambda: gone)
        tasks.append(asyncio.create_task(login))
        await asyncio.sleep(0)
    return tasks


async def test_a_right_login_from_the_same_address_waits_for_no_more_than_the_bcrypt_that_runs(hold: HeldToken) -> None:
    door = BasicAuthenticator()
    wrong = await waiting(door, *(("a", f"wrong {number}") for number in range(400)))
    (right,) = await waiting(door, ("a", "right"))
    hold.go_on.set()
    assert await right
    assert hold.computed[:2] == [b"wrong 0", b"right"]
    outcomes = await asyncio.gather(*wrong, return_exceptions=True)
    assert sum(isinstance(one, BusyError) for one in outcomes) == 400 - MAX_WAITING
    assert len(hold.computed) == MAX_WAITING + 1


async def test_addresses_take_turns(hold: HeldToken) -> None:
    door = BasicAuthenticator()
    logins = await waiting(door, *(("a", f"a{n}") for n in range(5)), *(("b", f"b{n}") for n in range(2)), ("c", "c"))
    hold.go_on.set()
    await asyncio.gather(*logins)
    assert hold.computed == [b"a0", b"a4", b"b1", b"c", b"a3", b"b0", b"a2", b"a1"]


async def test_what_its_clients_have_left_is_not_computed(hold: HeldToken) -> None:
    door = BasicAuthenticator()
    first = await waiting(door, ("a", "first"))
    left = await waiting(door, *(("a", f"wrong {number}") for number in range(MAX_WAITING)), ("a", "kept"), gone=True)
    kept = await waiting(door, ("b", "kept too"), ("a", "kept"))
    cancelled = await waiting(door, ("d", "cancelled"))
    cancelled[0].cancel()
    hold.go_on.set()
    await asyncio.gather(*first, *kept)
    assert sorted(hold.computed) == [b"first", b"kept", b"kept too"]
    outcomes = await asyncio.gather(*left, *cancelled, return_exceptions=True)
    assert [type(one) for one in outcomes] == [BusyError] * MAX_WAITING + [bool, asyncio.CancelledError]


async def test_a_thread_that_cannot_be_started_refuses_nobody_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    door = BasicAuthenticator()
    with monkeypatch.context() as patched:
        patched.setattr(background, "run", break_hash)
        with pytest.raises(BusyError):
            await door.verify(USERS, basic("ann", "a"))
        assert door._worker is not None
        with pytest.raises(RuntimeError):
            await door._worker
    assert await door.verify(USERS, basic("ann", "a"))


async def break_hash(_: object) -> bool:
    raise RuntimeError("can't start new thread")


async def test_a_verified_pair_is_forgotten_with_its_hash_or_its_name() -> None:
    door = BasicAuthenticator()
    assert await door.verify(USERS, basic("ann", "a"))
    assert not await door.verify({**USERS, b"ann": hash_password(b"new")}, basic("ann", "a"))
    assert not await door.verify({b"bob": USERS[b"bob"]}, basic("ann", "a"))
    assert not await door.verify({b"bob": USERS[b"ann"]}, basic("ann", "a"))


async def test_what_is_remembered_is_bounded_and_holds_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basic_auth, "_matches", lambda *_: True)
    door, users = BasicAuthenticator(), {f"user {number}".encode(): b"x" for number in range(2 * MAX_REMEMBERED)}
    for name in users:
        assert await door.verify(users, basic(name.decode(), "secret"))
        assert await door.verify(users, basic("user 0", "secret"))
    assert len(door._verified) == MAX_REMEMBERED
    assert door._is_remembered(door._fingerprint(b"user 0", b"x", b"secret")), "what is in use stays"
    assert b"secret" not in b"".join(door._verified)


async def test_the_loop_turns_while_bcrypt_works(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, inside, go_on = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def slow(*_: bytes) -> bool:
        loop.call_soon_threadsafe(inside.set)
        return asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(5)

    monkeypatch.setattr(basic_auth, "_matches", slow)
    coming = asyncio.create_task(BasicAuthenticator().verify(USERS, basic("ann", "a")))
    await inside.wait()
    go_on.set()
    assert await coming


@pytest.mark.parametrize("length", [71, 72, 73, 1000])
async def test_a_long_password_is_compared_as_far_as_bcrypt_reads(length: int) -> None:
    users = {b"ann": hash_password(b"p" * min(72, length))}
    assert await BasicAuthenticator().verify(users, basic("ann", "p" * length))
    assert not await BasicAuthenticator().verify(users, basic("ann", "q" + "p" * (length - 1)))


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (basic("ann", "a:b"), (b"ann", b"a:b")),
        (basic("", ""), (b"", b"")),
        (basic("ann", "a").replace("Basic", "bASIC"), (b"ann", b"a")),
        ("", None),
        ("Basic", None),
        ("Basic YQ==", None),
        ("Basic %%%", None),
        ("Basic ünï", None),
        ("Bearer YTpi", None),
    ],
)
def test_credentials(header: str, found: tuple[bytes, bytes] | None) -> None:
    assert credentials(header) == found
