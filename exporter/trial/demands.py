"""Says what each step of a declaration reads of an answer and of a record: the rest is masked."""

from collections.abc import Iterable, Iterator

from exporter.declared.demand import Demand, find_demand, unite
from exporter.declared.expressions import Expression
from exporter.declared.fields import Field, StatusField, list_expressions
from exporter.declared.grammar import (
    Cursor,
    Declaration,
    JsonLink,
    Offset,
    PageNumber,
    Paginator,
    Records,
    Step,
)
from exporter.declared.mapping import find_backup_demand

ReadPart = Field | StatusField | Expression | None


def list_fields(declaration: Declaration, step: str) -> Iterator[tuple[str, Field | StatusField]]:
    """Yield the fields of a step, by name."""
    if step in ("backups", "follow"):
        yield from declaration.backups.fields
        return
    owner = next((scope for scope in declaration.scopes if scope.step.name == step), None) or getattr(declaration, step)
    names = ("id", "title", "kind", "state", "created", "paused", "enabled", "interval", "started", "status")
    found = [("name" if name == "title" else name, getattr(owner, name, None)) for name in names]
    found += [(f"keep.{key}", one) for key, one in getattr(owner, "keep", ())]
    found += [(f"intervals.{key}", one) for key, one in getattr(owner, "intervals", ())]
    yield from ((name, one) for name, one in found if isinstance(one, (Field, StatusField)))


def find_record_demand(declaration: Declaration, step: str) -> Demand:
    """Return what is read of a record; for the schedule, of the whole answer."""
    if step in ("backups", "follow"):
        return find_backup_demand(declaration.backups)
    parts: list[ReadPart] = [one for _, one in list_fields(declaration, step)]
    records = find_records(declaration, step)
    if records is not None:
        parts += [records.where, records.exclude]
    if step == "resources":
        parts += _list_conditions(declaration)
    return find_demand(list_expressions(*parts))


def find_answer_demand(declaration: Declaration, step: str) -> Demand:
    """Return what is read of an answer: its records, what pages it, and a window beside the records."""
    below, records = find_record_demand(declaration, step), find_records(declaration, step)
    if step == "schedule":
        return below
    if step == "follow" and declaration.follow is not None:
        return below if declaration.follow.record is None else find_demand([declaration.follow.record], below)
    found = below if records is None or records.records is None else find_demand([records.records], below)
    found = unite(found, find_demand(_list_paging_expressions(find_step(declaration, step).paginator)))
    window = declaration.backups.recovery
    if step == "backups" and window is not None:
        found = unite(found, find_demand(list_expressions(window.earliest, window.latest)))
    return found


def find_records(declaration: Declaration, step: str) -> Records | None:
    """Return how a step finds its records; None for one that reads the whole answer."""
    scope = next((scope for scope in declaration.scopes if scope.step.name == step), None)
    owner = scope or getattr(declaration, step)
    found: Records | None = getattr(owner, "records", None)
    return found


def find_step(declaration: Declaration, step: str) -> Step:
    """Return the request of a step."""
    scope = next((scope for scope in declaration.scopes if scope.step.name == step), None)
    found: Step = (scope or getattr(declaration, step)).step
    return found


def _list_conditions(declaration: Declaration) -> list[ReadPart]:
    """Return the conditions by which later steps choose their path from a resource's record."""
    later = (declaration.schedule, declaration.restores, declaration.backups, declaration.follow)
    return [choice.when for one in later if one is not None for choice in one.step.paths]


def _list_paging_expressions(paginator: Paginator) -> Iterable[Expression | None]:
    match paginator:
        case JsonLink(next_url=expression):
            return [expression]
        case Cursor(cursor=cursor, has_more=has_more):
            return [cursor, has_more]
        case PageNumber(total_pages=pages, total_records=records):
            return [pages, records]
        case Offset(total_records=records):
            return [records]
    return []
