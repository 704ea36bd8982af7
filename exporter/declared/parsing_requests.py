"""Reads how a declaration asks: authentication, paging, headers and parameters, and what a step inherits of them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from exporter.config.location import Location
from exporter.config.sections import Section, attempt, find_nearest, parse_section
from exporter.config.values import InvalidValueError, Parser, make_number_parser, parse_duration, parse_text
from exporter.declared.grammar import (
    ApiKeyOf,
    AuthOf,
    BasicOf,
    BearerOf,
    ClientCredentials,
    Cursor,
    HeaderLink,
    JsonLink,
    Offset,
    PageNumber,
    Paginator,
    PathChoice,
    SinglePage,
    Step,
    Templates,
    TokenExchangeOf,
)
from exporter.declared.parsing_values import (
    Names,
    make_path_parser,
    make_template_parser,
    make_word_parser,
    need,
    parse_expression,
)
from exporter.schedule import HOUR

REQUEST_KEYS = ("headers", "params", "auth", "paginator")
STEP_KEYS = ("path", *REQUEST_KEYS)
FORBIDDEN_HEADERS = frozenset({
    "host", "content-length", "content-type", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect",
    "proxy-authorization", "proxy-connection", "x-http-method-override", "x-http-method", "x-method-override",
    "accept-encoding", "if-none-match", "range",
})  # fmt: skip
"""What decides which host, which method or which part is asked for; the exporter sets these itself."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """What a step inherits from the declaration where it does not set it."""

    headers: Templates = ()
    params: Templates = ()
    auth: AuthOf | None = None
    paginator: Paginator = field(default_factory=SinglePage)


def inherit(entry: Section, names: Names) -> Inherited:
    """Read the settings at the top of a declaration that all steps inherit."""
    return _read_request(entry, names, Inherited())


def read_step(entry: Section, name: str, names: Names, above: Inherited, *, path: bool = True) -> Step:
    """Read the request of a step; its own headers, params, auth and paginator replace the inherited ones whole."""
    own = _read_request(entry, names, above)
    paths = need(entry, "path", _make_paths_parser(names), "give the path to ask for") if path else None
    return Step(
        name=name,
        paths=paths or (),
        headers=own.headers,
        params=own.params,
        auth=own.auth,
        paginator=own.paginator,
    )


def _read_request(entry: Section, names: Names, above: Inherited) -> Inherited:
    parsers: Mapping[str, Parser[Any]] = {
        "headers": _make_headers_parser(names),
        "params": _make_pairs_parser(make_template_parser(names)),
        "auth": make_auth_parser(names),
        "paginator": parse_paginator,
    }
    given = {key: entry.read(key, parser) for key, parser in parsers.items() if key in entry}
    return replace(above, **{key: value for key, value in given.items() if value is not None})


def _make_paths_parser(names: Names) -> Parser[tuple[PathChoice, ...]]:
    def one(value: Any, location: Location) -> PathChoice:
        if not isinstance(value, dict):
            return PathChoice(template=make_path_parser(names)(value, location))
        entry = parse_section(value, location)
        entry.check_keys(("path", "when"))
        path = need(entry, "path", make_path_parser(names), "give the path to ask for")
        when = entry.read("when", parse_expression)
        if path is None:
            raise InvalidValueError("has no usable path")
        return PathChoice(template=path, when=when)

    def read(value: Any, location: Location) -> tuple[PathChoice, ...]:
        if not isinstance(value, list):
            return (one(value, location),)
        if not value:
            raise InvalidValueError("is empty; give the path to ask for")
        found = [attempt(one, element, location.item(number)) for number, element in enumerate(value)]
        return tuple(choice for choice in found if choice is not None)

    return read


def _make_pairs_parser(parser: Parser[Any]) -> Parser[Templates]:
    def read(value: Any, location: Location) -> Templates:
        entry = parse_section(value, location)
        found = [(name, entry.read(name, parser)) for name in entry.values]
        return tuple((name, inside) for name, inside in found if inside is not None)

    return read


def _make_headers_parser(names: Names) -> Parser[Templates]:
    def read(value: Any, location: Location) -> Templates:
        found = _make_pairs_parser(make_template_parser(names))(value, location)
        for name, _ in found:
            if (problem := find_header_problem(name)) is not None:
                location.key(name).problem(problem)
        return found

    return read


def find_header_problem(name: str) -> str | None:
    """Return why a declaration cannot set a header, or None."""
    if not _HEADER_NAME.fullmatch(name):
        return "is not a valid name of a header"
    if name.lower() in FORBIDDEN_HEADERS:
        return "is a header that the exporter sets itself"
    return None


# Authentication.

AUTH_KEYS: Mapping[str, tuple[str, ...]] = {
    "bearer": ("type", "token"),
    "http_basic": ("type", "username", "password"),
    "api_key": ("type", "name", "location", "template"),
    "oauth2_client_credentials": (
        "type", "access_token_url", "client_id", "client_secret", "client_auth", "scope",
    ),
    "token_exchange": ("type", "url", "token_path", "lifetime", "auth", "json", "form"),
}  # fmt: skip
PAGINATOR_KEYS: Mapping[str, tuple[str, ...]] = {
    "single_page": ("type",),
    "header_link": ("type",),
    "json_link": ("type", "next_url_path"),
    "cursor": ("type", "cursor_path", "cursor_param", "has_more_path", "page_param"),
    "page_number": ("type", "page_param", "base_page", "total_pages_path", "total_records_path"),
    "offset": ("type", "limit", "offset_param", "limit_param", "total_records_path"),
}


def _read_type(entry: Section, keys: Mapping[str, Sequence[str]]) -> str:
    """Return the `type` of an entry, one of those in `keys`, after its other keys were held against that type's."""
    type_ = need(entry, "type", make_word_parser(keys, "type"), f"give one of {', '.join(keys)}")
    if type_ is None:
        raise InvalidValueError("has no usable type")
    entry.check_keys(keys[type_])
    return type_


def make_auth_parser(names: Names) -> Parser[AuthOf]:
    """Make the parser of `auth`, which may hold another `auth`."""

    def read(value: Any, location: Location) -> AuthOf:
        entry = parse_section(value, location)
        return _AUTHS[_read_type(entry, AUTH_KEYS)](entry, names)

    return read


def _make_option_parser(names: Names, *, secret: bool = True) -> Parser[str]:
    def read(value: Any, location: Location) -> str:
        name = parse_text(value, location)
        if name not in names.options:
            raise InvalidValueError(f'"{name}" is not an option; the nearest is {find_nearest(name, names.options)}')
        if secret and not names.options[name]:
            raise InvalidValueError(f"the option {name} must be {{secret: true}}")
        return name

    return read


def _read_bearer(entry: Section, names: Names) -> AuthOf:
    return BearerOf(need(entry, "token", _make_option_parser(names), "name the option that holds the token") or "")


def _read_basic(entry: Section, names: Names) -> AuthOf:
    return BasicOf(
        username=entry.read("username", _make_option_parser(names, secret=False)),
        password=need(entry, "password", _make_option_parser(names), "name the option that holds the password") or "",
    )


def _read_api_key(entry: Section, names: Names) -> AuthOf:
    name = need(entry, "name", parse_text, "name the header or the query parameter") or ""
    location = entry.read("location", make_word_parser(("header", "query"), "location")) or "header"
    if location == "header" and name and (problem := find_header_problem(name)) is not None:
        entry.location.key("name").problem(problem)
    only_options = replace(names, roots={}, scopes=())
    found = need(
        entry,
        "template",
        make_template_parser(only_options, in_auth=True),
        'give its value, such as "{options.token}"',
    )
    if found is None:
        raise InvalidValueError("has no usable template")
    return ApiKeyOf(name=name, location="query" if location == "query" else "header", template=found)


def _read_client_credentials(entry: Section, names: Names) -> AuthOf:
    url = need(entry, "access_token_url", make_path_parser(names), "give the path of the token endpoint")
    client_id = need(entry, "client_id", _make_option_parser(names, secret=False), "name the option that holds it")
    client_secret = need(entry, "client_secret", _make_option_parser(names), "name the option that holds it")
    where = entry.read("client_auth", make_word_parser(("basic", "body"), "way")) or "basic"
    scope = entry.read("scope", parse_text) or ""
    if url is None or client_id is None or client_secret is None:
        raise InvalidValueError("is not complete")
    return ClientCredentials(
        url=url, client_id=client_id, client_secret=client_secret, in_body=where == "body", scope=scope
    )


def _read_token_exchange(entry: Section, names: Names) -> AuthOf:
    url = need(entry, "url", make_path_parser(names), "give the path that gives the token")
    token = need(entry, "token_path", parse_expression, "say where the token stands in the answer")
    bodies = {
        key: entry.read(key, _make_pairs_parser(make_template_parser(names, in_auth=True))) for key in ("json", "form")
    }
    if "json" in entry and "form" in entry:
        entry.location.key("form").problem("json is given too; keep one of the two")
    inner = entry.read("auth", make_auth_parser(names))
    lifetime = entry.read("lifetime", parse_duration) or HOUR
    if url is None or token is None:
        raise InvalidValueError("is not complete")
    return TokenExchangeOf(
        url=url, token=token, lifetime=lifetime, auth=inner, json=bodies["json"], form=bodies["form"]
    )


_AUTHS: Mapping[str, Callable[[Section, Names], AuthOf]] = {
    "bearer": _read_bearer,
    "http_basic": _read_basic,
    "api_key": _read_api_key,
    "oauth2_client_credentials": _read_client_credentials,
    "token_exchange": _read_token_exchange,
}


def parse_paginator(value: Any, location: Location) -> Paginator:
    """Read a paginator."""
    entry = parse_section(value, location)
    return _PAGINATORS[_read_type(entry, PAGINATOR_KEYS)](entry)


def _read_single_page(_: Section) -> Paginator:
    return SinglePage()


def _read_header_link(_: Section) -> Paginator:
    return HeaderLink()


def _read_json_link(entry: Section) -> Paginator:
    found = need(entry, "next_url_path", parse_expression, "say where the link to the next page stands")
    if found is None:
        raise InvalidValueError("is not complete")
    return JsonLink(next_url=found)


def _read_cursor(entry: Section) -> Paginator:
    found = need(entry, "cursor_path", parse_expression, "say where the cursor stands in the answer")
    param = need(entry, "cursor_param", parse_text, "name the parameter that sends the cursor")
    has_more = entry.read("has_more_path", parse_expression)
    page_param = entry.read("page_param", parse_text)
    if page_param is not None and page_param == param:
        entry.location.key("page_param").problem(f"is {param}, as cursor_param is; each needs a name of its own")
    if found is None or param is None:
        raise InvalidValueError("is not complete")
    return Cursor(cursor=found, cursor_param=param, has_more=has_more, page_param=page_param)


def _read_page_number(entry: Section) -> Paginator:
    base_page = entry.read("base_page", make_number_parser(0))
    if "total_pages_path" in entry and "total_records_path" in entry:
        entry.location.key("total_records_path").problem("total_pages_path is given too; keep one of the two")
    return PageNumber(
        page_param=entry.read("page_param", parse_text) or "page",
        base_page=1 if base_page is None else base_page,
        total_pages=entry.read("total_pages_path", parse_expression),
        total_records=entry.read("total_records_path", parse_expression),
    )


def _read_offset(entry: Section) -> Paginator:
    offset_param, limit_param = (
        entry.read("offset_param", parse_text) or "offset",
        entry.read("limit_param", parse_text) or "limit",
    )
    if offset_param == limit_param:
        entry.location.key("limit_param").problem(f"is {limit_param}, as offset_param is; each needs a name of its own")
    return Offset(
        limit=need(entry, "limit", make_number_parser(1), "say how many records a page holds") or 1,
        offset_param=offset_param,
        limit_param=limit_param,
        total_records=entry.read("total_records_path", parse_expression),
    )


_PAGINATORS: Mapping[str, Callable[[Section], Paginator]] = {
    "single_page": _read_single_page,
    "header_link": _read_header_link,
    "json_link": _read_json_link,
    "cursor": _read_cursor,
    "page_number": _read_page_number,
    "offset": _read_offset,
}
