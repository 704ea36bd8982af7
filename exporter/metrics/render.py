"""Writes samples as bytes: a resource's lines once, when a poll changes them; at a scrape they are only joined.

`prometheus_client` builds each sample anew at each scrape, which takes seconds for 200,000 of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar

from exporter.metrics.dependencies import VERDICT, fields_read
from exporter.metrics.family import Family
from exporter.metrics.resource_families import AGE, PROBLEM, RESOURCE_FAMILIES, SummarySamples
from exporter.state.verdicts import exposed_verdict
from exporter.state.view import ResourceView

V = TypeVar("V")
Labels = Sequence[tuple[str, str]]

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
MAX_LABEL_LENGTH = 512
"""Longer label values are cut; ids that would be cut are refused earlier."""

OPTIONAL_LABELS = frozenset(("kind", "limit"))
"""Left out where they would be empty."""

RESOURCES_PER_JOIN = 500
"""How many resources' lines are joined at a time, so that the whole is not in memory twice."""


def _read_all(fields: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return the function from a record to the values of several of its fields."""
    if len(fields) < 2:
        return lambda record: tuple(getattr(record, field) for field in fields)
    return attrgetter(*fields)


class FamilyTable:
    """The families about resources that are exposed, and what each of them follows from."""

    def __init__(self, excluded: frozenset[str] = frozenset()) -> None:
        """Take all families but the `excluded` ones."""
        self.families = tuple(family for family in RESOURCE_FAMILIES if family.name not in excluded)
        self.age_at = self._at(AGE)
        self.problem_at = self._at(PROBLEM)
        self.of_summary: list[int] = []
        self.of_verdict: list[int] = []
        self.of_status: list[tuple[int, frozenset[str]]] = []
        summary_fields: list[str] = []
        for at, family in enumerate(self.families):
            if isinstance(samples := family.samples, SummarySamples):
                self.of_summary.append(at)
                summary_fields.append(samples.field)
                continue
            read = fields_read(samples)
            if VERDICT in read:
                self.of_verdict.append(at)
            self.of_status.append((at, read - {VERDICT}))
        self.status_fields = tuple(frozenset[str]().union(*(read for _, read in self.of_status)))
        self.read_summary = _read_all(summary_fields)
        self.read_status = _read_all(self.status_fields)

    def _at(self, name: str) -> int | None:
        return next((at for at, family in enumerate(self.families) if family.name == name), None)


ALL_FAMILIES = FamilyTable()


@dataclass(frozen=True, slots=True)
class RenderedResource:
    """A resource's part of the exposition, one entry a family in the table's order."""

    lines: tuple[bytes, ...]
    age_of: float | None
    """The instant whose age is exported; its line ends before the number, which is added at a scrape."""


def render_resource(
    view: ResourceView,
    labels: Labels,
    before: tuple[ResourceView, RenderedResource] | None = None,
    table: FamilyTable = ALL_FAMILIES,
) -> RenderedResource:
    """Write all lines of one resource but the age itself.

    Given what was known `before` under the same labels and policy, and its lines, only those are written that differ.
    """
    families = table.families
    lines = [b""] * len(families) if before is None else list(before[1].lines)
    changed = range(len(families)) if before is None else _find_changes(before[0], view, table)
    common = _pairs(labels)  # once for all families: escaping is most of the work
    for at in changed:
        lines[at] = _render_samples(families[at], view, common)
    age_of = None if view.status.summary is None else view.status.summary.last_success
    if table.age_at is not None:
        lines[table.age_at] = f"{AGE}{{{common}}} ".encode("utf-8", "replace") if age_of is not None else b""
    return RenderedResource(tuple(lines), age_of)


def _find_changes(before: ResourceView, after: ResourceView, table: FamilyTable) -> Sequence[int]:
    """Return which families have other samples now."""
    was, is_ = before.status.summary, after.status.summary
    if was is None or is_ is None:
        changed = list(table.of_summary)
    elif was is is_:
        changed = []
    else:
        pairs = zip(table.of_summary, table.read_summary(was), table.read_summary(is_), strict=True)
        changed = [at for at, one, other in pairs if one is not other and one != other]
    if exposed_verdict(before) != exposed_verdict(after):
        changed.extend(table.of_verdict)
    old, new = before.status, after.status
    values = zip(table.status_fields, table.read_status(old), table.read_status(new), strict=True)
    if fields := {name for name, one, other in values if one is not other and one != other}:
        changed.extend(at for at, read in table.of_status if not fields.isdisjoint(read))
    return changed


def render_samples(family: Family[V], view: V, labels: Labels) -> bytes:
    """Write the samples of one family for one resource, source or exporter."""
    return _render_samples(family, view, _pairs(labels))


def _render_samples(family: Family[V], view: V, common: str) -> bytes:
    samples = list(family.samples(view))
    if not samples:
        return b""
    name = f"{family.name}_bucket" if family.type == "histogram" else family.name
    lines = [f"{name}{_braces(common, family.own, own)} {format_number(value)}\n" for own, value in samples]
    if family.total is not None:
        lines.append(f"{family.name}_sum{_braces(common)} {format_number(family.total(view))}\n")
        lines.append(f"{family.name}_count{_braces(common)} {format_number(samples[-1][1])}\n")
    return "".join(lines).encode("utf-8", "replace")


def render_resources(
    rendered: Sequence[RenderedResource],
    now: float,
    *,
    openmetrics: bool,
    table: FamilyTable = ALL_FAMILIES,
    disappeared: bytes = b"",
) -> Iterator[bytes]:
    """Join the resource families, for each its header and then every resource's lines, in pieces of bounded size.

    `disappeared` are the lines of resources that are gone, which have a problem and nothing else.
    """
    slices = [rendered[begin : begin + RESOURCES_PER_JOIN] for begin in range(0, len(rendered), RESOURCES_PER_JOIN)]
    for at, family in enumerate(table.families):
        pieces = (
            b"".join(_ages(some, now, at) if at == table.age_at else [one.lines[at] for one in some]) for some in slices
        )
        begun = False
        for piece in chain(pieces, (disappeared,) if at == table.problem_at else ()):
            if piece:
                yield piece if begun else render_header(family, openmetrics=openmetrics) + piece
                begun = True


def render_family(family: Family[V], views: Iterable[tuple[V, Labels]], *, openmetrics: bool) -> bytes:
    """Write one family with its header for some views; nothing at all without a sample."""
    body = b"".join(render_samples(family, view, labels) for view, labels in views)
    return render_header(family, openmetrics=openmetrics) + body if body else b""


def render_header(family: Family[Any], *, openmetrics: bool) -> bytes:
    """Write the HELP and TYPE lines of a family."""
    name = family.name.removesuffix("_total") if openmetrics and family.type == "counter" else family.name
    text = family.help.replace("\\", r"\\").replace("\n", r"\n")
    text = text.replace('"', r"\"") if openmetrics else text
    return f"# HELP {name} {text}\n# TYPE {name} {family.type}\n".encode()


def format_number(value: float) -> str:
    """Write a number as Prometheus reads it: whole ones without a fraction."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def escape_label(value: str) -> str:
    """Write a label value with its backslashes, quotes and line ends escaped."""
    return value[:MAX_LABEL_LENGTH].replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def accepts_openmetrics(accept: str) -> bool:
    """Return whether an `Accept` header prefers OpenMetrics to the text format."""
    weights: dict[str, float] = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for offer in accept.lower().split(","):
        media, *parameters = (piece.strip() for piece in offer.split(";"))
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        digits = quality.replace(".", "", 1)
        if media in weights and digits.isascii() and digits.isdecimal():  # of other digits float() reads not all
            weights[media] = max(weights[media], float(quality))
    openmetrics = weights["application/openmetrics-text"]
    return openmetrics > 0 and openmetrics >= weights["text/plain"]


def _ages(rendered: Iterable[RenderedResource], now: float, at: int) -> list[bytes]:
    return [b"%s%.3f\n" % (one.lines[at], max(0.0, now - one.age_of)) for one in rendered if one.age_of is not None]


def _pairs(labels: Labels) -> str:
    return ",".join(f'{name}="{escape_label(value)}"' for name, value in labels)


def _braces(common: str, names: Sequence[str] = (), values: Sequence[str] = ()) -> str:
    own = [
        f'{name}="{escape_label(value)}"'
        for name, value in zip(names, values, strict=True)
        if value or name not in OPTIONAL_LABELS
    ]
    if common:
        own.insert(0, common)
    return f"{{{','.join(own)}}}" if own else ""
