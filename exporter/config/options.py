"""Reads a provider's own keys: the fields of its options are the keys, and their types say how each is read.

`Secret` is a credential, given as `X` or as the path of its file as `X_file`; `Url` an API's address; `str` a text;
`bool` a switch; `tuple[str, ...]` a list of texts. A field without a default is required.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from exporter.config.location import Location
from exporter.config.sections import Section, make_list_parser
from exporter.config.values import (
    InvalidValueError,
    Parser,
    load_watched,
    make_path_parser,
    parse_boolean,
    parse_text,
    parse_url,
)
from exporter.provider import Provider, Url
from exporter.secret import Secret, find_fault

_SCHEMAS: Mapping[Any, Any] = {
    bool: {"type": "boolean"},
    tuple[str, ...]: {"type": ["array", "null"], "items": {"type": ["string", "integer"], "minLength": 1}},
}
_PARSERS: dict[Any, Parser[Any]] = {
    str: parse_text,
    bool: parse_boolean,
    Url: parse_url,
    tuple[str, ...]: make_list_parser(parse_text),
}


def list_option_keys(provider: Provider) -> tuple[str, ...]:
    """Return every key that a source of this provider may have beyond those of all sources."""
    keys: list[str] = []
    for name, kind in _find_types(provider).items():
        keys += (name, f"{name}_file") if kind is Secret else (name,)
    return tuple(keys)


def make_option_schemas(
    provider: Provider, of_text: Mapping[str, Any], of_url: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    """Return the JSON Schema of each key, given those of a text and of a URL, and what of them must be there."""
    keys: dict[str, Any] = {}
    demands: list[Mapping[str, Any]] = []
    types = _find_types(provider)
    for option in fields(provider.options):
        name, kind = option.name, types[option.name]
        names = (name, f"{name}_file") if kind is Secret else (name,)
        keys |= dict.fromkeys(names, of_text if kind in (Secret, str) else _SCHEMAS.get(kind, of_url))
        given = [{"required": [key]} for key in names]
        if _is_required(option):
            demands.append({"oneOf": given})
        elif len(names) > 1:
            demands.append({"not": {"required": list(names)}})
    return keys, demands


def read_options(section: Section, provider: Provider, folder: Path) -> Any:
    """Return the provider's options; None, with the problem noted, if a required one is missing or wrong.

    The relative paths of secrets' files start at `folder`.
    """
    types, options = _find_types(provider), fields(provider.options)
    found = {field.name: _read_option(section, field, types[field.name], folder) for field in options}
    given = {name: value for name, value in found.items() if value is not None}
    lacking = any(_is_required(field) and field.name not in given for field in options)
    return None if lacking else provider.options(**given)


def _read_option(section: Section, field: "Field[Any]", kind: Any, folder: Path) -> Any:
    if kind is Secret:
        return _read_secret(section, field, folder)
    if _is_required(field):
        return section.require(field.name, _PARSERS[kind], "this provider needs it")
    return section.read(field.name, _PARSERS[kind])


def _read_secret(section: Section, field: "Field[Any]", folder: Path) -> Secret | None:
    name, by_file = field.name, f"{field.name}_file"
    if name in section and by_file in section:
        section.location.key(by_file).problem(f"{name} is given too; keep one of the two")
        return None
    if by_file in section:
        return section.read(by_file, _make_secret_file_parser(folder))
    if name not in section and _is_required(field):
        section.location.key(name).problem(f"is missing; give {name} or {by_file}")
    value = section.read(name, _parse_secret)
    return None if value is None else Secret(value)


def _parse_secret(value: Any, location: Location) -> str:
    found = parse_text(value, location)
    if (fault := find_fault(found)) is not None:
        raise InvalidValueError(fault)
    return found


def _make_secret_file_parser(folder: Path) -> Parser[Secret]:
    def read(value: Any, location: Location) -> Secret:
        secret = Secret(file=make_path_parser(folder)(value, location), key=location.path.rpartition(".")[2])
        load_watched(secret.watched)
        return secret

    return read


def _is_required(field: "Field[Any]") -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _find_types(provider: Provider) -> dict[str, Any]:
    """Return each option's type, without the `| None` of one that may be absent."""
    hints = get_type_hints(provider.options)
    return {field.name: _remove_none(hints[field.name]) for field in fields(provider.options)}


def _remove_none(hint: Any) -> Any:
    inner = [part for part in get_args(hint) if part is not NoneType]
    return inner[0] if NoneType in get_args(hint) and len(inner) == 1 else hint
