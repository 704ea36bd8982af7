"""Reads the single values of a declaration: expressions, fields, status maps, templates, paths."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from exporter import wire
from exporter.config.location import Location
from exporter.config.sections import Section, attempt, find_nearest, parse_section
from exporter.config.values import InvalidValueError, Parser, T, is_text, parse_text, reject
from exporter.declared import conversions, fields
from exporter.declared.expressions import Expression, ExpressionError, compile_expression
from exporter.declared.fields import Choice, Convert, Field, Scalar, StatusField
from exporter.declared.grammar import PathTemplate
from exporter.declared.templates import Reference, Template, TemplateError, holds_placeholder, parse_template
from exporter.model import Status

STATUSES = tuple(str(status) for status in Status if status is not Status.UNKNOWN)
CHOICE_KEYS = ("expr", "value", "map", "when")
_HOST_PREFIX = re.compile(r"([A-Za-z0-9_]+)::(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What placeholders and `auth` may name at some point of a declaration."""

    options: Mapping[str, bool] = field(default_factory=dict)
    """Whether each is a secret."""
    hosts: tuple[str, ...] = ("",)
    scopes: tuple[str, ...] = ()
    """All scopes of the declaration, those too that are read later."""
    roots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The keys of each scope, of `resource` and of `backup`, as far as they are known there."""

    def beside(self, root: str, keys: Iterable[str] = ()) -> "Names":
        """Return the names that are known once `root` is."""
        return replace(self, roots={**self.roots, root: ("id", "name", *keys)})

    def problem(self, reference: Reference, *, in_auth: bool = False) -> str | None:
        """Return what is wrong with a placeholder, or None."""
        shown = f"{{{reference}}}"
        if reference.root == "options":
            return self._option_problem(reference.key, shown, in_auth=in_auth)
        if reference.root in self.roots:
            known = self.roots[reference.root]
            if reference.key in known:
                return None
            return f"{shown} is not known; the nearest is {{{reference.root}.{find_nearest(reference.key, known)}}}"
        if reference.root in self.scopes:
            return f"{shown} is not known here; the scope {reference.root} is read later"
        if reference.root in ("resource", "backup"):
            return f"{shown} is not known here"
        return f"{shown} is not known; no scope is named {reference.root}"

    def _option_problem(self, key: str, shown: str, *, in_auth: bool) -> str | None:
        if key not in self.options:
            return f"{shown} is not known; the nearest option is {find_nearest(key, self.options)}"
        secret = self.options[key] and not in_auth
        return f"{shown} is a secret; secrets appear in auth alone" if secret else None


def need(entry: Section, key: str, parser: Parser[T], cure: str) -> T | None:
    """Return the value of `key`; its absence is a problem."""
    if key not in entry:
        entry.location.key(key).problem(f"missing; {cure}")
    return entry.read(key, parser)


def make_word_parser(known: Iterable[str], what: str) -> Parser[str]:
    """Make the parser of one of some words."""
    words = tuple(known)

    def read(value: Any, location: Location) -> str:
        found = parse_text(value, location)
        if found not in words:
            same = next((word for word in words if word.lower() == found.lower()), None)
            article = "an" if what[0] in "aeio" else "a"
            raise InvalidValueError(
                f'"{found}" is not {article} {what}; the nearest is {same or find_nearest(found, words)}'
            )
        return found

    return read


def parse_expression(value: Any, location: Location) -> Expression:
    """Read a JMESPath expression, which may go over several lines."""
    if isinstance(value, str) and "\n" in value:
        value = " ".join(value.split("\n"))
    try:
        return compile_expression(parse_text(value, location), location.path)
    except ExpressionError as error:
        raise InvalidValueError(str(error)) from None


def make_field_parser(convert: Convert) -> Parser[Field]:
    """Make the parser of a field: an expression, a mapping, or a list of these of which the first counts."""

    def read(value: Any, location: Location) -> Field:
        return Field(path=location.path, choices=_parse_choices(value, location, convert), convert=convert)

    return read


def parse_title(value: Any, location: Location) -> Field | Template:
    """Read a name: a template if it holds a placeholder, else a field."""
    if isinstance(value, str) and holds_placeholder(value):
        return parse_template_text(value, location)
    return make_field_parser(fields.read_text)(value, location)


def parse_status(value: Any, location: Location) -> StatusField:
    """Read a status with its map, if it has one, or the one that is always meant."""
    if isinstance(value, dict) and "always" in value:
        always = parse_section(value, location)
        always.check_keys(("always",))
        found = always.read("always", make_word_parser(STATUSES, "status"))
        return StatusField(path=location.path, always=Status(found or "completed"))
    words: dict[str, Status] = {}
    choices = [
        _parse_choice(one, at, fields.read_text, words)
        for one, at in (
            [(one, location.item(number)) for number, one in enumerate(value)]
            if isinstance(value, list)
            else [(value, location)]
        )
    ]
    return StatusField(path=location.path, choices=tuple(filter(None, choices)), words=words)


def parse_template_text(value: Any, location: Location) -> Template:
    """Read a text with placeholders."""
    try:
        return parse_template(parse_text(value, location))
    except TemplateError as error:
        raise InvalidValueError(str(error)) from None


def make_template_parser(names: Names, *, in_auth: bool = False) -> Parser[Template]:
    """Make the parser of a text whose placeholders are all known."""

    def read(value: Any, location: Location) -> Template:
        shown = ("true" if value else "false") if isinstance(value, bool) else value
        found = parse_template_text(shown, location)
        check_references(found, location, names, in_auth=in_auth)
        return found

    return read


def check_references(found: Template, location: Location, names: Names, *, in_auth: bool = False) -> None:
    """Note each placeholder that is not known."""
    for reference in found.references:
        if (problem := names.problem(reference, in_auth=in_auth)) is not None:
            location.problem(problem)


def make_path_parser(names: Names) -> Parser[PathTemplate]:
    """Make the parser of a path under one of the base URLs."""

    def read(value: Any, location: Location) -> PathTemplate:
        written = parse_text(value, location)
        host, path = _split_host(written, names.hosts)
        path, _, query = path.partition("?")
        _require_path(path, written)
        pairs = []
        for pair in filter(None, query.split("&")):
            key, _, inside = pair.partition("=")
            found = attempt(make_template_parser(names), inside, location) if inside else Template(())
            if found is not None:
                pairs.append((unquote(key), found.unquote()))
        return PathTemplate(host=host, path=make_template_parser(names)(path, location), query=tuple(pairs))

    return read


def _split_host(written: str, hosts: tuple[str, ...]) -> tuple[str, str]:
    found = _HOST_PREFIX.fullmatch(written)
    if found is None:
        if len(hosts) == 1:
            return hosts[0], written
        raise InvalidValueError(f"must name one of the base URLs, such as {hosts[0]}::/v1/projects")
    if found[1] in hosts:
        return found[1], found[2]
    named = [host for host in hosts if host]
    if not named:
        raise InvalidValueError(f"there is one base URL, without a name; leave out {found[1]}::")
    raise InvalidValueError(f'"{found[1]}" is not a base URL; the nearest is {find_nearest(found[1], named)}')


def _require_path(path: str, written: str) -> None:
    if "://" in written.split("?", 1)[0]:
        raise InvalidValueError(
            "must be a path such as /v1/projects; a declaration reaches no host but those of base_url"
        )
    if not path.startswith("/"):
        raise InvalidValueError("must begin with /, such as /v1/projects")
    if "#" in written or "\\" in path:
        raise InvalidValueError("must hold no fragment (#) and no backslash")
    if any(segment in (".", "..") for segment in path.split("/")):
        raise InvalidValueError("must hold no segment . or ..")


def _parse_choices(value: Any, location: Location, convert: Convert) -> tuple[Choice, ...]:
    if not isinstance(value, list):
        found = _parse_choice(value, location, convert)
        return () if found is None else (found,)
    if not value:
        raise InvalidValueError("is empty; give an expression")
    choices = [_parse_choice(one, location.item(number), convert) for number, one in enumerate(value)]
    return tuple(filter(None, choices))


def _parse_choice(
    value: Any, location: Location, convert: Convert, words: dict[str, Status] | None = None
) -> Choice | None:
    if not isinstance(value, dict):
        found = attempt(parse_expression, value, location)
        return None if found is None else Choice(expr=found)
    entry = parse_section(value, location)
    parsers = _make_own_parsers(convert)
    entry.check_keys((*CHOICE_KEYS, *parsers))
    if ("expr" in entry) is ("value" in entry):
        location.problem("give one of expr and value" if "expr" in entry else "missing; give expr or value")
    own = entry.read_all({"expr": parse_expression, "when": parse_expression, "value": parse_scalar, **parsers})
    choice = Choice(**own)
    if words is not None:
        for word, meaning in (entry.read("map", _parse_status_map) or {}).items():
            _add_word(word, meaning, words, location.key("map"))
        return choice
    choice = replace(choice, map=entry.read("map", _parse_map))
    _check_constants(choice, entry, convert)
    return choice


def _make_own_parsers(convert: Convert) -> dict[str, Parser[Any]]:
    """Return the parsers of the keys that only some fields have."""
    if convert is fields.read_time:
        return {"format": _parse_format}
    if convert is fields.read_size:
        return {"unit": make_word_parser(conversions.SIZES, "unit")}
    if convert in (fields.read_span, fields.read_interval):
        return {"unit": make_word_parser(conversions.SPANS, "unit")}
    return {}


def _check_constants(choice: Choice, entry: Section, convert: Convert) -> None:
    """Note each constant that can never be converted."""
    constant = None if choice.map is not None else choice.value
    if constant is not None and convert(constant, choice) is None:
        entry.location.key("value").problem(f"cannot be read as {_WANTED[convert]}")
    for word, meaning in (choice.map or {}).items():
        if convert(meaning, choice) is None:
            entry.location.key("map").key(word).problem(f"cannot be read as {_WANTED[convert]}")


_WANTED: Mapping[Convert, str] = {
    fields.read_text: "a text",
    fields.read_truth: "true or false",
    fields.read_time: "a time in this format",
    fields.read_size: "a size such as 512 or 1.5 GiB",
    fields.read_span: "a span such as 90s or 1h30m",
    fields.read_interval: "a span above 0 such as 90s or 1h30m",
    fields.read_percent: "a number from 0 to 100",
}


def _parse_format(value: Any, location: Location) -> str:
    found = parse_text(value, location)
    if found in conversions.TIMES:
        return found
    problem = conversions.find_pattern_problem(found)
    if problem == "is not a format":
        raise InvalidValueError(f'"{found}" is not a format; the nearest is {find_nearest(found, conversions.TIMES)}')
    if problem is not None:
        raise InvalidValueError(f'"{found}" {problem}')
    return found


def parse_scalar(value: Any, location: Location) -> Scalar:
    """Read a text, a number, true or false."""
    del location
    if isinstance(value, (str, int, float, bool)):
        return value
    return reject(value, "a text, a number, true or false")


def _parse_map(value: Any, location: Location) -> dict[str, Scalar]:
    entry = parse_section(value, location)
    return entry.read_all(dict.fromkeys(entry.values, parse_scalar))


def _parse_status_map(value: Any, location: Location) -> dict[str, tuple[str, Status]]:
    """Return the words as written, each with its spelling-independent form and its status."""
    entry = parse_section(value, location)
    entry.check_keys((*STATUSES, str(Status.UNKNOWN)))
    found: dict[str, tuple[str, Status]] = {}
    for key, said in entry.values.items():
        if key not in (*STATUSES, str(Status.UNKNOWN)):
            continue
        at = location.key(key)
        for number, one in enumerate(said if isinstance(said, list) else [said]):
            word = attempt(_parse_vendor_word, one, at.item(number) if isinstance(said, list) else at)
            if word is None:
                continue
            spelled = wire.status_word(word)
            if spelled in found and found[spelled][1] != key:
                at.problem(f'"{word}" also stands under {found[spelled][1]}')
            found.setdefault(spelled, (word, Status(key)))
    if not entry.values:
        location.problem("is empty; name the vendor's words, such as {completed: done, failed: error}")
    elif all(status is not Status.COMPLETED for _, status in found.values()):
        location.warning("names no completed word, so no backup ever counts as a success")
    return found


def _parse_vendor_word(value: Any, location: Location) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not is_text(value):
        reject(value, "the vendor's word, or a list of them")
    return parse_text(value, location)


def _add_word(spelled: str, meaning: tuple[str, Status], words: dict[str, Status], location: Location) -> None:
    written, status_ = meaning
    if words.setdefault(spelled, status_) is not status_:
        location.key(str(status_)).problem(f'"{written}" also stands under {words[spelled]}')
