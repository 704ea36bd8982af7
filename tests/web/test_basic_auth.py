"""What a right and a wrong password cost: bcrypts are counted, not timed."""

import asyncio
from base64 import b64encode

import bcrypt
import pytest

from exporter.web import basic_auth
from exporter.web.basic_auth import MAX_REMEMBERED, BasicAuthenticator, credentials


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
    for name in ("ann", "nobody", "ann", "nobody", "", "somebody"):
        assert not await door.verify(USERS, basic(name, "guess"))
    assert len(costs) == 6
    assert set(costs) <= set(USERS.values())
    assert costs[1] == costs[3], "asking twice tells nothing either"


async def test_an_unknown_name_never_comes_in_even_with_the_password_of_the_stand_in(costs: list[bytes]) -> None:
    door, users = BasicAuthenticator(), {b"ann": USERS[b"ann"]}
    for _ in range(2):
        assert not await door.verify(users, basic("nobody", "a"))
    assert len(costs) == 2


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
