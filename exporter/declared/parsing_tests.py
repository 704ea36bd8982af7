"""Reads the tests inside a declaration: options, answers by request, and what is expected of them."""

import re
from collections.abc import Mapping
from typing import Any

from exporter.config.location import Location
from exporter.config.sections import Section, section
from exporter.config.values import InvalidValueError, Parser, boolean, is_text, reject, text, whole_number
from exporter.declared.conversions import to_interval, to_time
from exporter.declared.grammar import Answer, Option, Test
from exporter.declared.parsing_values import need, scalar

TEST_KEYS = ("name", "options", "answers", "expect")
ANSWER_KEYS = ("$status", "$headers", "$body")
EXPECT_KEYS = ("resources", "backups", "schedules", "restores", "windows", "failures", "requests")
_REQUEST = re.compile(r"(?:GET )?((?:[a-z][a-z0-9_]*::)?/\S*)")


def tests(options: tuple[Option, ...], url_keys: tuple[str, ...]) -> Parser[tuple[Test, ...]]:
    """Make the parser of `tests`."""
    known = (*(option.name for option in options), *url_keys)

    def read(value: Any, location: Location) -> tuple[Test, ...]:
        if not isinstance(value, list):
            reject(value, "a list of tests")
        entries = [(section(one, location.item(number)), number) for number, one in enumerate(value)]
        return tuple(_test(entry, number, known) for entry, number in entries)

    return read


def _test(entry: Section, number: int, known: tuple[str, ...]) -> Test:
    entry.check_keys(TEST_KEYS)
    options = entry.read("options", section) or Section({}, entry.location.key("options"))
    options.check_keys(known)
    answers = need(entry, "answers", section, "give what the vendor answers")
    expect = need(entry, "expect", section, "give resources, backups or requests")
    return Test(
        path=f"tests[{number}]",
        name=entry.read("name", text) or "",
        options={key: str(value) for key, value in options.read_all(dict.fromkeys(options.values, text)).items()},
        answers=tuple(_answers(answers)) if answers is not None else (),
        expect=_expect(expect) if expect is not None else {},
    )


def _answers(entry: Section) -> list[Answer]:
    found = []
    for key, said in entry.values.items():
        location = entry.location.key(key)
        written = _REQUEST.fullmatch(key)
        if written is None:
            location.problem("is not a request such as `GET /v1/projects`")
        elif isinstance(said, dict) and any(name.startswith("$") for name in said if isinstance(name, str)):
            found.append(_full_answer(written[1], section(said, location)))
        else:
            found.append(Answer(key=written[1], body=said))
    return found


def _full_answer(key: str, entry: Section) -> Answer:
    entry.check_keys(ANSWER_KEYS)
    headers = entry.read("$headers", section)
    named = headers.read_all(dict.fromkeys(headers.values, text)) if headers is not None else {}
    return Answer(
        key=key,
        status=entry.read("$status", whole_number(100)) or 200,
        headers={name.lower(): value for name, value in named.items()},
        body=entry.values.get("$body"),
        empty="$body" not in entry,
    )


def _expect(entry: Section) -> Mapping[str, Any]:
    entry.check_keys(EXPECT_KEYS)
    parsers: Mapping[str, Parser[Any]] = {
        "resources": _elements(RESOURCE_PARSERS),
        "backups": _by_resource(_elements(BACKUP_PARSERS)),
        "schedules": _by_resource(_element(SCHEDULE_PARSERS)),
        "restores": _by_resource(_element({"started": _time, "status": text})),
        "windows": _by_resource(_element({"kind": text, "earliest": _time, "latest": _time})),
        "failures": _by_resource(text),
        "requests": whole_number(0),
    }
    return entry.read_all(parsers)


def _elements(parsers: Mapping[str, Parser[Any]]) -> Parser[list[dict[str, Any]]]:
    def read(value: Any, location: Location) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            reject(value, "a list")
        return [_element(parsers)(one, location.item(number)) for number, one in enumerate(value)]

    return read


def _element(parsers: Mapping[str, Parser[Any]]) -> Parser[dict[str, Any]]:
    def read(value: Any, location: Location) -> dict[str, Any]:
        entry = section(value, location)
        entry.check_keys(parsers)
        absent = {key: None for key, said in entry.values.items() if key in parsers and said is None}
        present = {key: parser for key, parser in parsers.items() if key not in absent}
        return {**entry.read_all(present), **absent}

    return read


def _by_resource(parser: Parser[Any]) -> Parser[dict[str, Any]]:
    def read(value: Any, location: Location) -> dict[str, Any]:
        entry = section(value, location)
        return entry.read_all(dict.fromkeys(entry.values, parser))

    return read


def _time(value: Any, location: Location) -> float:
    del location
    found = to_time(value, "iso8601") or to_time(value, "epoch")
    return found if found is not None else reject(value, "a time such as 2026-11-20T01:00:00Z")


def _number(value: Any, location: Location) -> float:
    del location
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return reject(value, "a number")


def _span(value: Any, location: Location) -> float:
    del location
    found = to_interval(value, "s")
    return found if found is not None else reject(value, "a span such as 24h")


def _id(value: Any, location: Location) -> str:
    if not is_text(value):
        raise InvalidValueError("must be a text")
    return text(value, location)


def _kinds(value: Any, location: Location) -> dict[str, float]:
    entry = section(value, location)
    return entry.read_all(dict.fromkeys(entry.values, _span))


RESOURCE_PARSERS: Mapping[str, Parser[Any]] = {
    "resource": _id,
    "name": _id,
    "kind": text,
    "state": text,
    "created": _time,
    "paused": boolean,
}
BACKUP_PARSERS: Mapping[str, Parser[Any]] = {
    "id": _id,
    "status": text,
    "started": _time,
    "finished": _time,
    "duration": _span,
    "size": _number,
    "kind": scalar,
    "progress": _number,
    "expires": _time,
}
SCHEDULE_PARSERS: Mapping[str, Parser[Any]] = {
    "enabled": boolean,
    "interval": _span,
    "intervals": _kinds,
    "state": text,
    "paused": boolean,
}
