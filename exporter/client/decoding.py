"""Decodes the body of a response, a large one in the worker thread."""

from typing import Any

from exporter import workers
from exporter.client.responses import decode_response, values_of
from exporter.errors import CapError

MAX_VALUES = 1_000_000
"""In one answer: its decoded values may take many times its size."""
SMALL = 2**18
"""Answers up to this many bytes are decoded in the event loop."""


async def decode_body(status: int, body: bytes, *, empty: bool = False, envelope: Any = Any) -> Any:
    """Return the decoded body, as `responses.decode_response` does."""
    if len(body) <= SMALL or not 200 <= status < 300:
        return decode_response(status, body, empty=empty, envelope=envelope)
    if values_of(body) > MAX_VALUES:
        raise CapError(f"an answer holds more than {MAX_VALUES} values", limit="body")
    return await workers.run(workers.run_without_gc, decode_response, status, body, empty=empty, envelope=envelope)
