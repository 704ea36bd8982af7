"""What one reading may hold: so many bytes, so many values in an answer; and one large one of a source at a time."""

import asyncio
import threading

import pytest

from exporter.client import decoding
from exporter.client import session as bounds
from exporter.client.client import Response
from exporter.client.responses import decode_response
from exporter.client.session import Session
from exporter.errors import CapError, ServerError
from exporter.provider import BearerAuth
from exporter.secret import Secret
from tests.client.scripted_transport import BASE, ScriptedTransport, client_to, session_on

AUTH = BearerAuth(Secret("static"))


def of(body: bytes, status: int = 200) -> Response:
    return Response(status=status, headers={}, body=body)


def transport(*sizes: int) -> ScriptedTransport:
    """Answer /0, /1, … with texts of so many bytes."""
    return ScriptedTransport({f"/{at}": [of(b'"' + b"x" * (size - 2) + b'"')] for at, size in enumerate(sizes)})


async def test_a_reading_holds_so_many_bytes_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bounds.MAX_BYTES == 64 * 2**20
    monkeypatch.setattr(bounds, "MAX_BYTES", 1000)
    session = session_on(transport(600, 400, 2))
    for at in (0, 1):
        await session.get(f"{BASE}/{at}", auth=AUTH)
    with pytest.raises(CapError, match="a listing is larger than") as caught:
        await session.get(f"{BASE}/2", auth=AUTH)

    assert caught.value.limit == "body"
    other = Session(client=session.client)
    await other.get(f"{BASE}/0", auth=AUTH)  # another reading has its own


@pytest.mark.parametrize(
    ("body", "fits"), [(b"[" + b"1," * 98 + b"1]", True), (b"[" + b"1," * 99 + b"1]", False), (b"[" * 101, False)]
)
async def test_an_answer_holds_so_many_values(body: bytes, fits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_VALUES", 99)
    monkeypatch.setattr(decoding, "SMALL", 10)
    session = session_on(ScriptedTransport({"/0": [of(body)], "/1": [of(body, 500)]}))
    if fits:
        assert len((await session.get(f"{BASE}/0", auth=AUTH)).body) == 99
    else:
        with pytest.raises(CapError, match="more than 99 values") as caught:
            await session.get(f"{BASE}/0", auth=AUTH)
        assert caught.value.limit == "body"
    with pytest.raises(ServerError):
        await session.get(f"{BASE}/1", auth=AUTH)


@pytest.mark.parametrize(("small", "thread"), [(600, "MainThread"), (10, "worker_0")])
async def test_a_large_answer_is_decoded_beside_the_loop(
    small: int, thread: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    decode = decode_response

    def noting(*arguments: object, **named: object) -> object:
        seen.append(threading.current_thread().name)
        return decode(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(decoding, "SMALL", small)
    monkeypatch.setattr(decoding, "decode_response", noting)
    await session_on(transport(600)).get(f"{BASE}/0", auth=AUTH)

    assert seen == [thread]


async def test_one_large_reading_of_a_source_goes_on_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "LARGE_BYTES", 500)
    client = client_to(transport(600, 600, 100))
    first, second, small = (Session(client=client) for _ in range(3))
    await first.get(f"{BASE}/0", auth=AUTH)
    waiting = asyncio.create_task(second.get(f"{BASE}/1", auth=AUTH))
    await small.get(f"{BASE}/2", auth=AUTH)
    await asyncio.sleep(0)

    assert not waiting.done()
    first.close()
    first.close()
    await waiting
    assert client.large.locked()
    second.close()
    small.close()
    assert not client.large.locked()
