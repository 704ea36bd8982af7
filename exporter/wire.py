"""Reads single values out of a vendor's JSON: strict about the frame of an answer, forgiving about one odd field.

What makes a whole answer meaningless raises MalformedError; what is merely odd in one record is None.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from exporter.errors import MalformedError
from exporter.model import Backup, Status

Record = Mapping[str, Any]
Envelope = msgspec.Struct
"""The form of an answer as its vendor documents it, as far as it is read; what else stands there is passed over."""
Records = list[msgspec.Raw]
"""In a frame: a list of records left as they came, since most of them are known to the byte."""

MAX_TEXT_LENGTH = 1024
MAX_NUMBER = 2.0**63
EARLIEST_YEAR = 1971  # Go's zero time (year 1) and Unix' (1970) both mean "not yet"


def decode(body: bytes, envelope: Any = Any) -> Any:
    """Return the value of a JSON text, in the form of a frame if there is one; MalformedError for anything else."""
    try:
        return _decoder(envelope).decode(body)
    except msgspec.ValidationError as error:  # names places and types of ours, and nothing of the body
        if envelope is not Any:
            raise MalformedError(f"the body has not the form that is documented: {error}") from None
        raise MalformedError("the body is no valid JSON") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        what = "an HTML page" if body.lstrip()[:1] == b"<" else "no valid JSON" if body else "empty"
        raise MalformedError(f"the body is {what}") from None  # the decoder's words may quote the body


def record(body: object, *keys: str) -> Record:
    """Return the object found under `keys`, or raise MalformedError."""
    value = _descend(body, keys)
    if not isinstance(value, dict):
        raise MalformedError(f"expected an object at {_describe_path(keys)}")
    return value


def records(body: object, *keys: str) -> Sequence[Record]:
    """Return the list of objects found under `keys`; anything else, or an element that is no object, is malformed."""
    value = _descend(body, keys)
    if not isinstance(value, list):
        raise MalformedError(f"expected a list at {_describe_path(keys)}")
    for position, element in enumerate(value):
        if not isinstance(element, dict):
            raise MalformedError(f"expected an object at {_describe_path(keys)}[{position}]")
    return value


def optional_object(body: object, *keys: str) -> Record:
    """Return the object found under `keys`, or an empty one: for what a record may lack."""
    for key in keys:
        body = body.get(key) if isinstance(body, dict) else None
    return body if isinstance(body, dict) else {}


def record_id(source: Record, key: str = "id") -> str:
    """Return the id of a record as text; without one the answer is malformed."""
    value = source.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.strip():
        return value
    raise MalformedError(f"a record has no usable {key}")


def text(value: object) -> str | None:
    """Return a text that is not empty, cut to a sane length."""
    return value[:MAX_TEXT_LENGTH] if isinstance(value, str) and value else None


def boolean(value: object) -> bool | None:
    """Return a JSON boolean."""
    return value if isinstance(value, bool) else None


def number(value: object) -> float | None:
    """Return a finite number that is not below zero: a size, a count, a number of hours."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if 0 <= value < MAX_NUMBER and math.isfinite(value) else None


def timestamp(value: object) -> float | None:
    """Return an ISO 8601 time as Unix seconds: naive is UTC, a zero time (year 1, 1970) is None."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
        if parsed.year < EARLIEST_YEAR:
            return None
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def status_word(value: object) -> str:
    """Return a status word in one spelling: lower case, `_` for `-` and space, `cancelled` for `canceled`."""
    return _normalize(value) if isinstance(value, str) else ""


@lru_cache(maxsize=256)
def _normalize(value: str) -> str:
    spelled = value.strip().lower().replace("-", "_").replace(" ", "_")
    return "cancelled" if spelled == "canceled" else spelled


def backup(statuses: Mapping[str, Status], said: object, /, **fields: Any) -> Backup:
    """Build a Backup from the vendor's status word by the rules that hold for all vendors.

    A size stands only on a completed backup, a finish only on one that has ended, a progress only on a running one.
    """
    spelled = status_word(said)
    status = statuses.get(spelled, Status.UNKNOWN)
    if status is not Status.COMPLETED:
        fields["size"] = None
    if status in (Status.IN_PROGRESS, Status.PENDING):
        fields["finished"] = None
    if status is not Status.IN_PROGRESS:
        fields["progress"] = None
    unmapped = (spelled or "(none)")[:64] if status is Status.UNKNOWN else None
    return Backup(status=status, unmapped=unmapped, **fields)


@lru_cache(maxsize=32)
def _decoder(envelope: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(envelope)


def _descend(body: object, keys: Sequence[str]) -> object:
    for depth, key in enumerate(keys):
        if not isinstance(body, dict) or key not in body:
            raise MalformedError(f"nothing at {_describe_path(keys[: depth + 1])}")
        body = body[key]
    return body


def _describe_path(keys: Sequence[str]) -> str:
    return ".".join(keys) or "the top"
