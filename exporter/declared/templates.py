"""Texts with `{a.b}` placeholders: paths, query values, headers, labels. Values are escaped where they are put in."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

from exporter.errors import MalformedError
from exporter.provider import UNESCAPED, Parts
from exporter.secret import Secret

BRACES = re.compile(r"\{([^{}]*)\}")
REFERENCE = re.compile(r"([a-z][a-z0-9_]*)\.([A-Za-z_][A-Za-z0-9_-]*)")
IN_PATH = "/:@!$&'()*+,;=~%"
"""What may stand in a path as it is, beside letters, digits and `-._`."""

Values = Mapping[str, str | Secret]
"""By reference, such as `project.id`."""


class TemplateError(ValueError):
    """A text is not a template; the message says why."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A placeholder: `{root.key}`."""

    root: str
    key: str

    def __str__(self) -> str:
        return f"{self.root}.{self.key}"


@dataclass(frozen=True, slots=True)
class Template:
    """Literal texts and placeholders in their order."""

    parts: tuple[str | Reference, ...]

    @property
    def references(self) -> Iterator[Reference]:
        """The placeholders."""
        yield from (part for part in self.parts if isinstance(part, Reference))

    def unquote(self) -> "Template":
        """Return the template with what is percent-encoded in its literal texts decoded."""
        return Template(tuple(unquote(part) if isinstance(part, str) else part for part in self.parts))

    def plain(self, values: Values) -> str:
        """Return the text with its placeholders filled in as they are."""
        return "".join(part if isinstance(part, str) else resolve(part, values) for part in self.parts)

    def fill(self, values: Values) -> Parts:
        """Return the text in parts, of which a secret stays one until it is sent."""
        return tuple(part if isinstance(part, str) else _fill_part(part, values) for part in self.parts)

    def in_path(self, values: Values) -> str:
        """Return a part of a path; each placeholder is escaped as one segment."""
        return "".join(
            _escape_literal(part) if isinstance(part, str) else _fill_segment(part, values) for part in self.parts
        )

    def in_query(self, values: Values) -> str:
        """Return a value of a query, encoded."""
        return escape(self.plain(values))


def parse_template(text: str) -> Template:
    """Return the template that a text is, or raise TemplateError for a brace that is no placeholder."""
    parts: list[str | Reference] = []
    end = 0
    for found in BRACES.finditer(text):
        reference = REFERENCE.fullmatch(found[1])
        if reference is None:
            raise TemplateError(f"{found[0]} is not a placeholder such as {{project.id}}")
        parts += [text[end : found.start()], Reference(reference[1], reference[2])]
        end = found.end()
    parts.append(text[end:])
    if any(isinstance(part, str) and ("{" in part or "}" in part) for part in parts):
        raise TemplateError("has an unmatched brace")
    return Template(tuple(part for part in parts if part != ""))


def holds_placeholder(text: str) -> bool:
    """Return whether a text holds a placeholder, and so is a template and not an expression."""
    return any(REFERENCE.fullmatch(found) for found in BRACES.findall(text))


def resolve(reference: Reference, values: Values) -> str:
    """Return the value of a placeholder; MalformedError if the record gave it none."""
    value = values.get(str(reference))
    if not isinstance(value, str) or not value:
        raise MalformedError(f"{{{reference}}} has no value here")
    return value


def _fill_part(reference: Reference, values: Values) -> Secret | str:
    value = values.get(str(reference))
    if value is not None and reference.root == "options":
        return value
    return resolve(reference, values)


def _fill_segment(reference: Reference, values: Values) -> str:
    value = resolve(reference, values)
    if value in (".", ".."):
        raise MalformedError(f"{{{reference}}} would lead to another path")
    return escape(value)


def escape(text: str) -> str:
    """Return a text that is escaped as one segment of a path, or as a name or a value of a query."""
    return text if UNESCAPED(text) else quote(text, safe="")


@lru_cache(maxsize=1024)
def _escape_literal(part: str) -> str:
    return quote(part, safe=IN_PATH)
