"""Reads a declaration: plain values in, a frozen `Declaration` out, or every problem with its path."""

import keyword
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from exporter.config.loader import SOURCE_KEYS
from exporter.config.location import Location, Report
from exporter.config.sections import Section, attempt, parse_section
from exporter.config.values import (
    InvalidValueError,
    make_number_parser,
    parse_boolean,
    parse_duration,
    parse_text,
    parse_url,
    reject,
)
from exporter.declared.grammar import Declaration, Option
from exporter.declared.parsing_requests import REQUEST_KEYS, find_header_problem, inherit
from exporter.declared.parsing_steps import (
    parse_scopes,
    read_backups,
    read_follow,
    read_resources,
    read_restores,
    read_schedule,
)
from exporter.declared.parsing_tests import make_tests_parser
from exporter.declared.parsing_values import Names, check_references, make_word_parser, need, parse_template_text
from exporter.declared.templates import Template
from exporter.provider import RateHeaders, RateLimit
from exporter.schedule import MINUTE

STEPS = ("scopes", "resources", "schedule", "restores", "backups", "follow")
KEYS = (
    "declaration", "name", "vendor", "title", "docs", "checked", "options", "base_url", *REQUEST_KEYS, "rate_limit",
    "slack", *STEPS, "tests",
)  # fmt: skip
RATE_KEYS = ("requests", "per", "remaining_header", "reset_header", "reset_format")
DEFAULT_RATE = RateLimit(requests=60, per=MINUTE)
NAME = re.compile(r"[a-z][a-z0-9_]*")
OPTION_NAME = re.compile(r"[a-z][a-z0-9_]*")
STANDS_FOR_A_VALUE = "x"
INLINE_KEY = "api"


def read_declaration(value: Any, report: Report, *, own_name: str | None = None) -> Declaration | None:
    """Return a declaration; None if it does not fit, with every problem in `report`.

    With `own_name` it is declared inside a source, whose name it takes, and need not say which grammar it is of.
    """
    before = len(report.problems)
    top = attempt(parse_section, value, Location(report))
    found = None if top is None else _make_declaration(top, own_name)
    return found if len(report.problems) == before else None


def _check_keys_and_version(top: Section, own_name: str | None) -> None:
    top.check_keys(KEYS)
    if own_name is None or "declaration" in top:
        version = need(top, "declaration", make_number_parser(0), "give 1, the version of this grammar")
        if version not in (None, 1):
            top.location.key("declaration").problem("must be 1, the only version")


def _read_name(top: Section, own_name: str | None) -> str:
    name = (
        top.read("name", _parse_name)
        if own_name is not None
        else need(top, "name", _parse_name, "give the vendor a name")
    )
    return own_name or name or ""


def _make_names(options: tuple[Option, ...], hosts: tuple[tuple[str, Template], ...]) -> Names:
    secrets = {option.name: option.secret for option in options}
    return Names(options=secrets, hosts=tuple(host for host, _ in hosts) or ("",))


def _make_declaration(top: Section, own_name: str | None) -> Declaration | None:
    _check_keys_and_version(top, own_name)
    name = _read_name(top, own_name)
    options, hosts = _read_options(top), _read_hosts(top)
    names = _make_names(options, hosts)
    _check_hosts(top, hosts, names)
    above = inherit(top, names)
    found = top.read("scopes", lambda value, location: parse_scopes(value, location, names, above))
    chain, below = found or ((), names)
    resources_entry = need(top, "resources", parse_section, "say what is backed up")
    backups_entry = need(top, "backups", parse_section, "say where the backups are listed")
    listed, below = read_resources(resources_entry, below, above) if resources_entry is not None else (None, below)
    own_backups = read_backups(backups_entry, below, above) if backups_entry is not None else None
    entries = {key: top.read(key, parse_section) for key in ("schedule", "restores", "follow")}
    statuses = own_backups.status if own_backups is not None else None
    own_schedule = read_schedule(entry, below, above) if (entry := entries["schedule"]) is not None else None
    own_restores = read_restores(entry, below, above, statuses) if (entry := entries["restores"]) is not None else None
    own_follow = read_follow(entry, below, above) if (entry := entries["follow"]) is not None else None
    url_keys = tuple(f"{host}_url" if host else "base_url" for host, _ in hosts)
    own_tests = top.read("tests", make_tests_parser(options, url_keys)) or ()
    limit, rate_headers = top.read("rate_limit", _parse_rate_limit) or (DEFAULT_RATE, RateHeaders())
    head = _read_head(top)
    if listed is None or own_backups is None:
        return None
    return Declaration(
        name=name,
        vendor=head.pop("vendor", name),
        options=options,
        hosts=hosts,
        rate_limit=limit,
        rate_headers=rate_headers,
        scopes=chain,
        resources=listed,
        schedule=own_schedule,
        restores=own_restores,
        backups=own_backups,
        follow=own_follow,
        tests=own_tests,
        **head,
    )


def _read_head(top: Section) -> dict[str, Any]:
    return top.read_all(
        {"vendor": _parse_name, "title": parse_text, "docs": parse_url, "checked": _parse_date, "slack": parse_duration}
    )


def _parse_name(value: Any, location: Location) -> str:
    name = parse_text(value, location)
    if not NAME.fullmatch(name):
        raise InvalidValueError("must be lower case letters, digits and _, a letter first")
    return name


def _parse_date(value: Any, location: Location) -> str:
    found = parse_text(value, location)
    try:
        return date.fromisoformat(found).isoformat()
    except ValueError:
        raise InvalidValueError("must be a date such as 2026-11-25") from None


def _read_options(top: Section) -> tuple[Option, ...]:
    entry = top.read("options", parse_section)
    if entry is None:
        return ()
    found = []
    taken = (*SOURCE_KEYS, INLINE_KEY)
    for name in entry.values:
        location = entry.location.key(name)
        if not OPTION_NAME.fullmatch(name):
            location.problem("is not a name for an option: lower case letters, digits and _, a letter first")
        elif keyword.iskeyword(name):
            location.problem(f"is a reserved word of Python; choose another name, such as {name}_value")
        elif name in taken or name == "base_url" or name.removesuffix("_file") in taken:
            location.problem("is a key that every source has already; choose another name")
        elif name.endswith("_file") and name.removesuffix("_file") in entry:
            location.problem(f"is where the file of {name.removesuffix('_file')} is given; choose another name")
        elif (option := entry.read(name, _make_option_parser(name))) is not None:
            found.append(option)
    return tuple(found)


def _make_option_parser(name: str) -> Any:
    def read(value: Any, location: Location) -> Option:
        entry = parse_section(value, location)
        entry.check_keys(("secret", "default"))
        secret, default = entry.read("secret", parse_boolean) or False, entry.read("default", _parse_default)
        if secret and default is not None:
            location.key("default").problem("a secret has no default; leave it out")
        return Option(name=name, secret=secret, default=default)

    return read


def _parse_default(value: Any, location: Location) -> str:
    return "" if value == "" else parse_text(value, location)


def _read_hosts(top: Section) -> tuple[tuple[str, Template], ...]:
    location = top.location.key("base_url")
    if "base_url" not in top:
        location.problem("missing; give the address of the API, such as https://api.example.com")
        return ()
    value = top.values["base_url"]
    if not isinstance(value, dict):
        found = attempt(parse_template_text, value, location)
        return () if found is None else (("", found),)
    entry = attempt(parse_section, value, location)
    if entry is None or not entry.values:
        location.problem("is empty; give at least one address")
        return ()
    read = [(name, entry.read(name, parse_template_text)) for name in entry.values]
    for name in entry.values:
        if not NAME.fullmatch(name):
            entry.location.key(name).problem("must be lower case letters, digits and _, a letter first")
    return tuple((name, found) for name, found in read if found is not None)


def _check_hosts(top: Section, hosts: tuple[tuple[str, Template], ...], names: Names) -> None:
    for name, found in hosts:
        location = top.location.key("base_url").key(name) if name else top.location.key("base_url")
        if f"{name}_url" in names.options:
            location.problem(f"the option {name}_url has the name of the key that replaces this address; rename one")
        if f"{name}_url" in SOURCE_KEYS:
            location.problem(
                f"{name}_url, the key that would replace it, is a key of every source; choose another name"
            )
        only_options = replace(names, roots={}, scopes=())
        check_references(found, location, only_options)
        example = "".join(part if isinstance(part, str) else STANDS_FOR_A_VALUE for part in found.parts)
        attempt(parse_url, example, location)


def _parse_rate_limit(value: Any, location: Location) -> tuple[RateLimit, RateHeaders]:
    entry = parse_section(value, location)
    entry.check_keys(RATE_KEYS)
    if "requests" in entry or "per" in entry:
        requests = need(entry, "requests", make_number_parser(1), "give how many requests") or 1
        limit = RateLimit(
            requests=requests, per=need(entry, "per", parse_duration, "give the window, such as 1m") or MINUTE
        )
    else:
        limit = DEFAULT_RATE
    named: Mapping[str, Any] = entry.read_all({"remaining_header": _parse_header, "reset_header": _parse_header})
    epoch = entry.read("reset_format", make_word_parser(("seconds", "epoch"), "format")) == "epoch"
    headers = RateHeaders()
    return limit, replace(
        headers,
        remaining=named.get("remaining_header", headers.remaining),
        reset=named.get("reset_header", headers.reset),
        epoch=epoch,
    )


def _parse_header(value: Any, location: Location) -> str:
    name = parse_text(value, location)
    if find_header_problem(name) == "is not a valid name of a header":
        reject(value, "the name of a header")
    return name.lower()
