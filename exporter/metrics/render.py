"""Writes samples as bytes: a resource's lines once, when a poll changes them; at a scrape they are only joined.

`prometheus_client` builds each sample anew at each scrape, which takes seconds for 200,000 of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from exporter.metrics.family import Family
from exporter.metrics.resource_families import AGE, RESOURCE_FAMILIES, ResourceView, SummarySamples
from exporter.state.resource import ResourceStatus

V = TypeVar("V")
Labels = Sequence[tuple[str, str]]

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
MAX_LABEL_LENGTH = 512
"""What is longer is cut; nothing that identifies a resource gets here if it is."""

SLICE = 500
"""So many resources' lines are joined at a time: the whole of it would stand in memory twice."""

_AGE_AT = next(number for number, family in enumerate(RESOURCE_FAMILIES) if family.name == AGE)
_OF_SUMMARY = [
    (at, samples.field)
    for at, family in enumerate(RESOURCE_FAMILIES)
    if isinstance(samples := family.samples, SummarySamples)
]
_OF_THE_REST = [at for at, family in enumerate(RESOURCE_FAMILIES) if not isinstance(family.samples, SummarySamples)]


@dataclass(frozen=True, slots=True)
class RenderedResource:
    """A resource's part of the exposition, one entry a family in the table's order."""

    lines: tuple[bytes, ...]
    age_of: float | None
    """The instant whose age is told; its line ends before the number, which the scrape adds."""


def render_resource(
    view: ResourceView, labels: Labels, before: tuple[ResourceStatus, RenderedResource] | None = None
) -> RenderedResource:
    """Write all lines of one resource but the age itself.

    Given what was known `before` under the same labels and policy, and its lines, only those are written that differ.
    """
    lines = [b""] * len(RESOURCE_FAMILIES) if before is None else list(before[1].lines)
    changed = range(len(RESOURCE_FAMILIES)) if before is None else _find_changes(before[0], view.status)
    common = _pairs(labels)  # once for all families: escaping is most of the work
    for at in changed:
        lines[at] = _render_samples(RESOURCE_FAMILIES[at], view, common)
    age_of = None if view.status.summary is None else view.status.summary.last_success
    lines[_AGE_AT] = f"{AGE}{{{common}}} ".encode("utf-8", "replace") if age_of is not None else b""
    return RenderedResource(tuple(lines), age_of)


def _find_changes(before: ResourceStatus, now: ResourceStatus) -> Sequence[int]:
    """Return which families tell something else now."""
    was, is_ = before.summary, now.summary
    if was is None or is_ is None:
        changed = [at for at, _ in _OF_SUMMARY]
    elif was is is_:
        changed = []
    else:
        changed = [at for at, field in _OF_SUMMARY if getattr(was, field) != getattr(is_, field)]
    return changed if _other_fields(before) == _other_fields(now) else [*changed, *_OF_THE_REST]


def _other_fields(resource_status: ResourceStatus) -> tuple[object, ...]:
    return (
        resource_status.resource,
        resource_status.details,
        resource_status.first_seen,
        resource_status.up,
        resource_status.failure,
        resource_status.unreadable_records,
        resource_status.download_check,
    )


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


def render_resources(rendered: Sequence[RenderedResource], now: float, *, openmetrics: bool) -> Iterator[bytes]:
    """Join the resource families, for each its header and then every resource's lines, in pieces of bounded size."""
    slices = [rendered[begin : begin + SLICE] for begin in range(0, len(rendered), SLICE)]
    for at, family in enumerate(RESOURCE_FAMILIES):
        begun = False
        for some in slices:
            if piece := b"".join(_ages(some, now) if at == _AGE_AT else [one.lines[at] for one in some]):
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
    """Whether an `Accept` header prefers OpenMetrics to the text format."""
    weights: dict[str, float] = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for offer in accept.lower().split(","):
        media, *parameters = (piece.strip() for piece in offer.split(";"))
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        if media in weights and quality.replace(".", "", 1).isdigit():
            weights[media] = max(weights[media], float(quality))
    openmetrics = weights["application/openmetrics-text"]
    return openmetrics > 0 and openmetrics >= weights["text/plain"]


def _ages(rendered: Iterable[RenderedResource], now: float) -> list[bytes]:
    return [
        b"%s%.3f\n" % (one.lines[_AGE_AT], max(0.0, now - one.age_of)) for one in rendered if one.age_of is not None
    ]


def _pairs(labels: Labels) -> str:
    return ",".join(f'{name}="{escape_label(value)}"' for name, value in labels)


def _braces(common: str, names: Sequence[str] = (), values: Sequence[str] = ()) -> str:
    own = [
        f'{name}="{escape_label(value)}"' for name, value in zip(names, values, strict=True) if value or name != "kind"
    ]
    if common:
        own.insert(0, common)
    return f"{{{','.join(own)}}}" if own else ""
