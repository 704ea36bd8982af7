"""Writes resources and sources as objects and as text, by the names of their metrics."""

from collections.abc import Iterator
from typing import Any

from exporter.metrics.render import format_number
from exporter.metrics.resource_families import AGE, PROBLEM, RESOURCE_FAMILIES
from exporter.settings import Source
from exporter.state.resource_verdict import Verdict
from exporter.state.store import SourceEntry
from exporter.state.view import ResourceView


def write_resource_record(entry: SourceEntry, view: ResourceView, now: float) -> dict[str, Any]:
    """Return a resource as an object of its labels, its problems and its metric values.

    A metric with a label of its own is an object of the values by that label; `""` where the vendor has no kinds.
    """
    resource = view.status.resource
    record: dict[str, Any] = {"provider": entry.source.provider_name, "source": entry.source.name}
    record |= {"resource": resource.id, "resource_name": resource.name, "resource_kind": resource.kind}
    record |= dict(view.policy.labels)
    record["problems"] = [one.as_object() for one in view.verdict.problems]
    for family in RESOURCE_FAMILIES:
        samples = [] if family.name == PROBLEM else list(family.samples(view))
        if not family.own and samples:
            value = samples[0][1]
            record[family.name] = max(0.0, now - value) if family.name == AGE else value
        elif samples and len(family.own) == 1:
            record[family.name] = {own[0]: value for own, value in samples}
        elif samples:
            record[family.name] = samples[0][1]
    return record


def write_gone_record(source: Source, view: ResourceView) -> dict[str, Any]:
    """Return a resource that the vendor no longer lists: its labels and its problem."""
    resource = view.status.resource
    record: dict[str, Any] = {"provider": source.provider_name, "source": source.name}
    record |= {"resource": resource.id, "resource_name": resource.name, **dict(view.policy.labels)}
    return record | {"problems": [one.as_object() for one in view.verdict.problems]}


def write_source_record(entry: SourceEntry, verdict: Verdict) -> dict[str, Any]:
    """Return a source as an object: how its polling goes, and what is wrong with it; null is unknown."""
    status = entry.status
    return {
        "provider": entry.source.provider_name,
        "source": entry.source.name,
        "up": status.up,
        "failure": status.failure,
        "resources": len(entry.resources),
        "listed_resources": status.listed_resources,
        "matching_resources": status.matching_resources,
        "unreadable_scopes": None
        if status.unreadable_scopes is None
        else [{"name": scope.name, "reason": scope.reason} for scope in status.unreadable_scopes],
        "poll_interval_seconds": status.interval,
        "poll_configured_interval_seconds": status.configured_interval,
        "poll_duration_seconds": status.duration,
        "last_poll": status.polled_at,
        "last_success": status.last_success,
        "limits": sorted(status.limits),
        "problems": [one.as_object() for one in verdict.problems],
    }


def write_metrics(view: ResourceView, now: float) -> str:
    """Return the metrics of one resource as text for people, without the labels that all of them share."""
    return "\n".join(_lines(view, now))


def _lines(view: ResourceView, now: float) -> Iterator[str]:
    for family in RESOURCE_FAMILIES:
        for own, value in family.samples(view):
            shown = max(0.0, now - value) if family.name == AGE else value
            labels = ",".join(f'{name}="{text}"' for name, text in zip(family.own, own, strict=True) if text)
            yield f"{family.name}{{{labels}}} {_number(shown)}" if labels else f"{family.name} {_number(shown)}"


def _number(value: float) -> str:
    written = format_number(value)
    return written.decode() if isinstance(written, bytes) else written
