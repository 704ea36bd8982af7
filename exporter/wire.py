"""Reads single values out of a vendor's JSON: strict about the envelope of an answer, lenient about one odd field.

An answer that is meaningless as a whole raises MalformedError; an odd value in one record is None.
"""

import asyncio
import math
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from exporter.errors import MalformedError, MissingError
from exporter.model import UNFINISHED, Backup, Status
from exporter.secret import Secret

T = TypeVar("T")
Record = Mapping[str, Any]
Envelope = msgspec.Struct
"""The documented form of an answer, as far as it is read; other fields are ignored."""
Records = list[msgspec.Raw]
"""In an envelope: a list of records left undecoded, since most of them are byte for byte as they were."""

NOTHING_GIVEN: Mapping[str, object] = MappingProxyType({})
ITEMS_PER_TURN = 400
MAX_TEXT_LENGTH = 1024
MAX_NUMBER = 2.0**63
EARLIEST_YEAR = 1971  # Go's zero time (year 1) and Unix' (1970) both mean "not yet"
EARLIEST, LATEST = 31_536_000.0, 253_402_300_800.0
"""The beginning of that year, and the end of the year 9999, as Unix seconds."""
UNUSABLE_SEGMENTS = frozenset({".", ".."})
"""Ids that a path cannot hold: resolving the address (RFC 3986, 5.2.4) drops them, escaped or not."""

_LARGEST_NUMBER = b"1.7976931348623157e308"
_SURROGATES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_NUMBERS = re.compile(
    rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|(-?[0-9][0-9.]*+(?:[eE][+-]?[0-9]*+)?)', re.DOTALL
)  # whatever it begins to match it matches: one pass, however an answer is made
_TIME = re.compile(
    r"(?P<year>[0-9]{4})(?P<dash>-?)(?P<month>[0-9]{2})(?P=dash)(?P<day>[0-9]{2})[Tt_ ]?"
    r"(?P<hour>[0-9]{2})(?P<colon>:?)(?P<minute>[0-9]{2})(?:(?P=colon)(?P<second>[0-9]{2})(?P<fraction>[.,][0-9]+)?)?"
    r" ?(?:(?P<sign>[+-])(?P<hours>[0-9]{2})(?::?(?P<minutes>[0-9]{2}))?)? ?(?:Z|UTC|GMT)?",
    re.ASCII | re.IGNORECASE,
)
_YEAR_ZERO = re.compile(r"0000-?00-?00(?![0-9]).*", re.ASCII | re.DOTALL)
_LONGEST_FORM = 40


def decode(body: bytes, envelope: Any = Any) -> Any:
    """Return the value of a JSON text, decoded as `envelope`; MalformedError if it does not fit.

    A byte that is not UTF-8 and half a surrogate become U+FFFD, and a number beyond the double range becomes the
    largest double, which no reader accepts: one odd value costs its field, not the answer.
    """
    try:
        return _decoder(envelope).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_strictly(_repair(body), envelope)
    except RecursionError:
        raise MalformedError("the body is not valid JSON") from None


def _repair(body: bytes) -> bytes:
    """Return a JSON text without the three values that JSON may hold and a decoder refuses."""
    body = body.decode("utf-8", "replace").encode()
    if b"\\ud" in body or b"\\uD" in body:
        body = _SURROGATES.sub(lambda found: b"\\ufffd" if found[1] else found[0], body)
    return _NUMBERS.sub(_clamp, body)


def _clamp(found: re.Match[bytes]) -> bytes:
    digits: bytes | None = found[1]
    try:
        if digits is None or math.isfinite(float(digits)):
            return found[0]
    except ValueError:  # 1.2.3: not a number
        return found[0]
    return b"-" + _LARGEST_NUMBER if digits.startswith(b"-") else _LARGEST_NUMBER


def _decode_strictly(body: bytes, envelope: Any) -> Any:
    try:
        return _decoder(envelope).decode(body)
    except msgspec.ValidationError as error:  # names places and types of ours, and nothing of the body
        raise MalformedError(f"the body does not match the documented schema: {error}") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        what = "an HTML page" if body.lstrip()[:1] == b"<" else "not valid JSON" if body else "empty"
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


async def by_turns(records: Iterable[T]) -> AsyncIterator[T]:
    """Yield the items, and let other tasks run regularly, since there may be very many."""
    for number, one in enumerate(records, 1):
        if number % ITEMS_PER_TURN == 0:
            await asyncio.sleep(0)
        yield one


def optional_object(body: object, *keys: str) -> Record:
    """Return the object found under `keys`, or an empty one: for what a record may lack."""
    for key in keys:
        body = body.get(key) if isinstance(body, dict) else None
    return body if isinstance(body, dict) else {}


def record_id(source: Record, key: str = "id") -> str:
    """Return the id of a record as text; without one that a path can hold, the answer is malformed."""
    value = source.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.strip() and value not in UNUSABLE_SEGMENTS:
        return value
    raise MalformedError(f"a record has no usable {key}")


def text(value: object) -> str | None:
    """Return a text that is not empty, cut to a sane length."""
    return value[:MAX_TEXT_LENGTH] if isinstance(value, str) and value else None


def link(value: object) -> Secret:
    """Return a download link; MissingError where the vendor gives none."""
    if not isinstance(value, str) or not value.strip():
        raise MissingError("the vendor returns no download link for the backup")
    return Secret(value.strip())


def usable_token(value: object) -> str:
    """Return the token of an exchange; MalformedError if it cannot be sent in a header."""
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value.strip():
        raise MalformedError("the token exchange returned no usable token")
    return value


def boolean(value: object) -> bool | None:
    """Return a JSON boolean."""
    return value if isinstance(value, bool) else None


def number(value: object) -> float | None:
    """Return a finite number that is not below zero: a size, a count, a number of hours."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if 0 <= value < MAX_NUMBER and math.isfinite(value) else None


def timestamp(value: object) -> float | None:
    """Return a time as Unix seconds: naive is UTC, a zero time (years 0, 1 and 1970) is None.

    It may be ISO 8601, extended or basic, or RFC 3339 (https://www.rfc-editor.org/rfc/rfc3339#section-5.6) in all its
    forms: a space or `t` for the T, a lower-case `z`, a leap second, which counts as the next minute.
    """
    parsed = _parse_time(value) if isinstance(value, str) else None
    if parsed is None or parsed.year < EARLIEST_YEAR:
        return None
    return parsed.timestamp()


def epoch(value: object, *, per_second: int = 1) -> float | None:
    """Return a time that is a count since 1970 as Unix seconds; with `per_second=1000` it counts milliseconds."""
    count = number(value)
    return None if count is None else plausible(count / per_second)


def plausible(instant: float) -> float | None:
    """Return an instant, or None for a zero time (year 1970) and for one beyond the year 9999."""
    return instant if EARLIEST <= instant < LATEST else None


def _parse_time(value: str) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        parsed = _parse_other_forms(value.strip())  # type: ignore[assignment]
    return parsed if parsed is None or parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _parse_other_forms(value: str) -> datetime | None:
    found = _TIME.fullmatch(value)
    if found is None:
        return None
    year, month, day, hour, minute, second = (
        int(found[part] or 0) for part in ("year", "month", "day", "hour", "minute", "second")
    )
    microsecond = int((found["fraction"] or ".")[1:7].ljust(6, "0"))
    offset = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
    leap = second == 60
    try:
        zone = timezone(-offset if found["sign"] == "-" else offset)
        parsed = datetime(year, month, day, hour, minute, 59 if leap else second, microsecond, tzinfo=zone)
        return parsed + timedelta(seconds=leap)
    except (ValueError, OverflowError):
        return None


def status_word(value: object) -> str:
    """Return a status word in one spelling: lower case, `_` for `-` and space, `cancelled` for `canceled`."""
    return _normalize(value) if isinstance(value, str) else ""


@lru_cache(maxsize=256)
def _normalize(value: str) -> str:
    spelled = value.strip().lower().replace("-", "_").replace(" ", "_")
    return "cancelled" if spelled == "canceled" else spelled


def backup(  # noqa: PLR0913 - the fields of a Backup
    statuses: Mapping[str, Status],
    said: object,
    /,
    *,
    id: str,  # noqa: A002 - the field's name
    started: float | None = None,
    finished: float | None = None,
    size: float | None = None,
    kind: str = "",
    progress: float | None = None,
    failures: int | None = None,
    given: Mapping[str, object] = NOTHING_GIVEN,
) -> Backup:
    """Build a Backup from the vendor's status word by the rules that hold for all vendors.

    A size stands only on a completed backup, a finish only on one that has ended, a progress only on a running one.
    `given` has the vendor's own values of `started`, `finished` and `size`, as far as the vendor gives them: what is
    there and could not be understood is noted on the Backup.
    """
    word = status_word(said)
    status = statuses.get(word, Status.UNKNOWN)
    read = {"started": started, "finished": finished, "size": size}
    judged = read if status is Status.COMPLETED else ("started",)
    unread = tuple(
        (name, describe_shape(given[name])) for name in judged if read[name] is None and _is_unread(name, given)
    )
    return Backup(
        id=id,
        status=status,
        started=started,
        finished=None if status in UNFINISHED else finished,
        size=size if status is Status.COMPLETED else None,
        kind=kind,
        progress=progress if status is Status.IN_PROGRESS else None,
        failures=failures if status is Status.COMPLETED else None,
        unmapped=(word or "(none)")[:64] if status is Status.UNKNOWN else None,
        unread=unread,
    )


def _is_unread(name: str, given: Mapping[str, object]) -> bool:
    if name not in given:
        return False
    return not (is_blank(given[name]) if name == "size" else is_absent(given[name]))


def is_blank(value: object) -> bool:
    """Return whether a vendor's field holds nothing: null or an empty text."""
    return value is None or (isinstance(value, str) and not value.strip())


def is_absent(value: object) -> bool:
    """Return whether a vendor's field holds no time: nothing at all, or a zero time such as Go's year 1."""
    if is_blank(value) or not isinstance(value, str):
        return is_blank(value)
    parsed = _parse_time(value)
    return _YEAR_ZERO.fullmatch(value.strip()) is not None if parsed is None else parsed.year < EARLIEST_YEAR


def first_given(*times: object) -> object:
    """Return the first of a vendor's fields that has a value."""
    return next((time for time in times if not is_absent(time)), None)


def describe_shape(value: object) -> str:
    """Return the form of a value without its content: `00 Aaa 0000` for `20 Nov 2026`."""
    if isinstance(value, str):
        shape = "".join("0" if one.isdigit() else _shape(one) for one in value.strip()[:_LONGEST_FORM])
        return f"{shape}..." if len(value.strip()) > _LONGEST_FORM else shape
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a negative number" if value < 0 else "a number"
    return "a list" if isinstance(value, list) else "an object"


def _shape(letter: str) -> str:
    if letter in "TZ" or not letter.isalpha():
        return letter if letter.isascii() and letter.isprintable() else "?"
    return "A" if letter.isupper() else "a"


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
