"""The words in which facts about a vendor's answers are written down, and what holds a value against them.

A fact is a mapping (an object: its fields and no others, those whose key ends with `?` may be left out), a list of one
(an array of these), a tuple (one of several), a function (whether a value is allowed) or the value itself.

`tests/vendors/<vendor>/facts.py` says what a vendor's documents say of its answers: fields, types, words, null or left
out, headers. A field is required there if the documents require it or all their examples have it. Where a field depends
on a status, as a size that only a completed backup has, each case is written down. Fields that the documents name but
no simulator gives are not repeated. Where documents are silent, as on most refusals, the envelope of the others holds.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Fact = Any
Check = Callable[[object], bool]
Names = Callable[[Any], Sequence[object]]


def differences(value: object, fact: Fact, place: str = "body") -> Iterator[str]:
    """Yield in what a value is not as the fact says, each with its place."""
    if isinstance(fact, Mapping):
        yield from _of_object(value, fact, place)
    elif isinstance(fact, list):
        if not isinstance(value, list):
            yield f"{place}: not an array"
            return
        for number, element in enumerate(value):
            yield from differences(element, fact[0], f"{place}[{number}]")
    elif isinstance(fact, tuple):
        found = [list(differences(value, one, place)) for one in fact]
        if all(found):
            yield min(found, key=len)[0]
    elif not (fact(value) if callable(fact) else type(value) is type(fact) and value == fact):
        yield f"{place}: {value!r} is not {getattr(fact, '__name__', repr(fact))}"


def _of_object(value: object, fact: Mapping[str, Fact], place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: not an object"
        return
    known = {key.removesuffix("?"): one for key, one in fact.items()}
    for key in value.keys() - known.keys():
        yield f"{place}.{key}: documented nowhere"
    for key in fact.keys() - value.keys():
        if not key.endswith("?"):
            yield f"{place}.{key}: missing"
    for key in value.keys() & known.keys():
        yield from differences(value[key], known[key], f"{place}.{key}")


def text(value: object) -> bool:
    """Any string."""
    return isinstance(value, str)


def flag(value: object) -> bool:
    """A boolean."""
    return isinstance(value, bool)


def whole(value: object) -> bool:
    """An integer, which counts something."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def number(value: object) -> bool:
    """An integer or a fraction."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def anything(value: object) -> bool:
    """An object that the documents at hand do not describe further."""
    return isinstance(value, dict)


def instant(value: object) -> bool:
    """An ISO 8601 time with an offset, that exists."""
    shape = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    return isinstance(value, str) and re.fullmatch(shape, value) is not None and bool(datetime.fromisoformat(value))


def word(*words: object) -> Check:
    """One of these."""

    def one_of(value: object) -> bool:
        return not isinstance(value, bool) and value in words

    one_of.__name__ = f"one of {words}"
    return one_of


def like(pattern: str) -> Check:
    """A string of this pattern."""

    def matching(value: object) -> bool:
        return isinstance(value, str) and re.fullmatch(pattern, value) is not None

    matching.__name__ = f"like {pattern}"
    return matching


uuid = like(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the documents say of an answer: its body, its media type and its further headers."""

    body: Fact
    media: str = "application/json"
    headers: Mapping[str, Fact] = field(default_factory=dict)


EMPTY = Reply(body=None, media="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One documented request; names in braces stand for what earlier answers and the configuration gave."""

    path: str
    reply: Reply
    method: str = "GET"
    authorization: str = "Bearer {token}"
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    gives: Mapping[str, Names] = field(default_factory=dict)
    """The names that its body gives for later requests."""
    idle: bool = False
    """Whether there may be nothing, which a 204 stands for without a body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """What the documents say of one vendor."""

    endpoints: Sequence[Endpoint]
    refusals: Mapping[int, Reply]
    onward: Callable[[Any, Mapping[str, str]], Mapping[str, str] | None] = lambda _body, _headers: None
    """The query of the page that a page's body and headers lead on to."""
    headers: Mapping[str, Fact] = field(default_factory=dict)
    """What every answer has."""
    staged: frozenset[tuple[str, int]] = frozenset()
    """The refusals that belong to the simulator's story, by path and status."""
    misled: frozenset[tuple[str, int]] = frozenset()
    """What one may not ask of everything that is named: paths that some resources do not have."""


def ids(*path: str, key: str = "id") -> Names:
    """Return what picks the ids of the records at the end of a path; of those with a status, one for each status."""

    def pick(body: Any) -> list[object]:
        for name in path:
            body = body[name]
        records = body if isinstance(body, list) else [body]
        return [*{_status(record, record[key]): record[key] for record in records}.values()]

    return pick


def _status(record: Mapping[str, Any], own: object) -> object:
    is_backup = {"started_at", "startedAt", "createdAt", "attributes"} & record.keys()
    return record.get("status", record.get("attributes", {}).get("status", own)) if is_backup else own


def refusals(body: Callable[[int], Fact], *statuses: int, media: str = "application/json") -> dict[int, Reply]:
    """Return the refusals of one envelope."""
    return {status: Reply(body=body(status), media=media) for status in statuses}
