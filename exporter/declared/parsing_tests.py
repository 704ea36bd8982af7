"""Reads the tests inside a declaration: options, answers by request, and what is expected of them."""

import re
from collections.abc import Mapping
from typing import Any

from exporter.config.location import Location
from exporter.config.sections import Section, parse_section
from exporter.config.values import (
    InvalidValueError,
    Parser,
    is_text,
    make_number_parser,
    parse_boolean,
    parse_text,
    reject,
)
from exporter.declared.conversions import to_interval, to_time
from exporter.declared.grammar import ExampleAnswer, Option, Test
from exporter.declared.parsing_values import need, parse_scalar

TEST_KEYS = ("name", "options", "answers", "expect")
ANSWER_KEYS = ("$status", "$headers", "$body")
EXPECT_KEYS = ("resources", "backups", "schedules", "restores", "windows", "failures", "requests")
_REQUEST = re.compile(r"(?:GET )?((?:[a-z][a-z0-9_]*::)?/\S*)")


def make_tests_parser(options: tuple[Option, ...], url_keys: tuple[str, ...]) -> Parser[tuple[Test, ...]]:
    """Make the parser of `make_tests_parser`."""
    known = (*(option.name for option in options), *url_keys)

    def read(value: Any, location: Location) -> tuple[Test, ...]:
        if not isinstance(value, list):
            reject(value, "a list of tests")
        entries = [(parse_section(one, location.item(number)), number) for number, one in enumerate(value)]
        return tuple(_read_test(entry, number, known) for entry, number in entries)

    return read


def _read_test(entry: Section, number: int, known: tuple[str, ...]) -> Test:
    entry.check_keys(TEST_KEYS)
    options = entry.read("options", parse_section) or Section({}, entry.location.key("options"))
    options.check_keys(known)
    answers = need(entry, "answers", parse_section, "give what the vendor answers")
    expect = need(entry, "expect", parse_section, "give resources, backups or requests")
    return Test(
        path=f"tests[{number}]",
        name=entry.read("name", parse_text) or "",
        options={key: str(value) for key, value in options.read_all(dict.fromkeys(options.values, parse_text)).items()},
        answers=tuple(_read_answers(answers)) if answers is not None else (),
        expect=_read_expect(expect) if expect is not None else {},
    )


def _read_answers(entry: Section) -> list[ExampleAnswer]:
    found = []
    for key, said in entry.values.items():
        location = entry.location.key(key)
        written = _REQUEST.fullmatch(key)
        if written is None:
            location.problem("is not a request such as `GET /v1/projects`")
        elif isinstance(said, dict) and any(name.startswith("$") for name in said if isinstance(name, str)):
            found.append(_read_full_answer(written[1], parse_section(said, location)))
        else:
            found.append(ExampleAnswer(key=written[1], body=said))
    return found


def _read_full_answer(key: str, entry: Section) -> ExampleAnswer:
    entry.check_keys(ANSWER_KEYS)
    headers = entry.read("$headers", parse_section)
    named = headers.read_all(dict.fromkeys(headers.values, parse_text)) if headers is not None else {}
    return ExampleAnswer(
        key=key,
        status=entry.read("$status", make_number_parser(100)) or 200,
        headers={name.lower(): value for name, value in named.items()},
        body=entry.values.get("$body"),
        empty="$body" not in entry,
    )


def _read_expect(entry: Section) -> Mapping[str, Any]:
    entry.check_keys(EXPECT_KEYS)
    parsers: Mapping[str, Parser[Any]] = {
        "resources": _make_elements_parser(RESOURCE_PARSERS),
        "backups": _make_resource_map_parser(_make_elements_parser(BACKUP_PARSERS)),
        "schedules": _make_resource_map_parser(_make_element_parser(SCHEDULE_PARSERS)),
        "restores": _make_resource_map_parser(_make_element_parser({"started": _parse_time, "status": parse_text})),
        "windows": _make_resource_map_parser(
            _make_element_parser({"kind": parse_text, "earliest": _parse_time, "latest": _parse_time})
        ),
        "failures": _make_resource_map_parser(parse_text),
        "requests": make_number_parser(0),
    }
    return entry.read_all(parsers)


def _make_elements_parser(parsers: Mapping[str, Parser[Any]]) -> Parser[list[dict[str, Any]]]:
    def read(value: Any, location: Location) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            reject(value, "a list")
        return [_make_element_parser(parsers)(one, location.item(number)) for number, one in enumerate(value)]

    return read


def _make_element_parser(parsers: Mapping[str, Parser[Any]]) -> Parser[dict[str, Any]]:
    def read(value: Any, location: Location) -> dict[str, Any]:
        entry = parse_section(value, location)
        entry.check_keys(parsers)
        absent = {key: None for key, said in entry.values.items() if key in parsers and said is None}
        present = {key: parser for key, parser in parsers.items() if key not in absent}
        return {**entry.read_all(present), **absent}

    return read


def _make_resource_map_parser(parser: Parser[Any]) -> Parser[dict[str, Any]]:
    def read(value: Any, location: Location) -> dict[str, Any]:
        entry = parse_section(value, location)
        return entry.read_all(dict.fromkeys(entry.values, parser))

    return read


def _parse_time(value: Any, location: Location) -> float:
    del location
    found = to_time(value, "iso8601") or to_time(value, "epoch")
    return found if found is not None else reject(value, "a time such as 2026-11-20T01:00:00Z")


def _parse_number(value: Any, location: Location) -> float:
    del location
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return reject(value, "a number")


def _parse_span(value: Any, location: Location) -> float:
    del location
    found = to_interval(value, "s")
    return found if found is not None else reject(value, "a span such as 24h")


def _parse_id(value: Any, location: Location) -> str:
    if not is_text(value):
        raise InvalidValueError("must be a text")
    return parse_text(value, location)


def _parse_kinds(value: Any, location: Location) -> dict[str, float]:
    entry = parse_section(value, location)
    return entry.read_all(dict.fromkeys(entry.values, _parse_span))


RESOURCE_PARSERS: Mapping[str, Parser[Any]] = {
    "resource": _parse_id,
    "name": _parse_id,
    "kind": parse_text,
    "state": parse_text,
    "created": _parse_time,
    "paused": parse_boolean,
}
BACKUP_PARSERS: Mapping[str, Parser[Any]] = {
    "id": _parse_id,
    "status": parse_text,
    "started": _parse_time,
    "finished": _parse_time,
    "duration": _parse_span,
    "size": _parse_number,
    "kind": parse_scalar,
    "progress": _parse_number,
    "expires": _parse_time,
}
SCHEDULE_PARSERS: Mapping[str, Parser[Any]] = {
    "enabled": parse_boolean,
    "interval": _parse_span,
    "intervals": _parse_kinds,
    "state": parse_text,
    "paused": parse_boolean,
}
