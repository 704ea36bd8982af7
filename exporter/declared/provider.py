"""Makes a provider of a declaration, by the ordinary contract; equal declarations make equal providers."""

from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass, replace
from functools import lru_cache
from typing import Any

from exporter import wire
from exporter.declared.demand import Demand, prune
from exporter.declared.evaluation import evaluate
from exporter.declared.grammar import Declaration, FollowStep, Option, Records, Step
from exporter.declared.mapping import (
    CHOICE,
    PlaceholderValues,
    choose,
    encode_record,
    fill_in,
    find_backup_demand,
    find_records,
    is_counted,
    list_records,
    map_backup,
    map_resource,
    map_schedule,
    map_scope,
    map_window,
    unpack,
)
from exporter.declared.step_requests import RequestBuilder, Walk, make_counter
from exporter.errors import MalformedError
from exporter.model import UNFINISHED, Backup, Details, Resource, Restore, Scope
from exporter.provider import Answer, Api, Provider, RawPage, Url
from exporter.schedule import AgeLimit
from exporter.secret import Secret

WHOLE_ACCOUNT = "account"

Observer = Callable[[str, Any, Sequence[Any], Sequence[Any]], None]
"""(step, answer, records found, records kept): called for each answer, for `try` and `check`."""


def ignore(step: str, answer: Any, found: Sequence[Any], kept: Sequence[Any]) -> None:
    """Ignore the answer."""


@dataclass(frozen=True, slots=True)
class _ProviderFunction:
    """A function of the provider; two are equal if they serve equal declarations."""

    declaration: Declaration
    observe: Observer = field(default=ignore, compare=False)

    def walk(
        self,
        api: Api,
        options: Any,
        step: Step,
        known: Mapping[str, str],
        answered: dict[Hashable, Answer] | None = None,
    ) -> Walk:
        builder = RequestBuilder(declaration=self.declaration, options=options)
        choice = int(known.get(f"{CHOICE}{step.name}", "0"))
        answered = {} if answered is None else answered
        return Walk(api=api, builder=builder, step=step, known=known, choice=choice, answered=answered)

    async def records(self, walk: Walk, records: Records) -> list[Mapping[str, Any]]:
        """Return the records of all pages that count."""
        collected: list[Mapping[str, Any]] = []
        async for answer, _ in walk.pages(make_counter(records.records)):
            found, kept = await evaluate(answer, find_records, answer.body, records)
            self.observe(walk.step.name, answer, found, kept)
            collected += kept
        return collected


class _ListScopes(_ProviderFunction):
    """(api, O): the scopes of the first level."""

    __slots__ = ()

    async def __call__(self, api: Api, options: Any) -> Sequence[Scope]:
        if not self.declaration.scopes:
            return [Scope(id=WHOLE_ACCOUNT)]
        return await _list_scopes(self, api, options, 0, {}, "")


class _ListInnerScopes(_ProviderFunction):
    """(api, O, scope): the scopes one level below."""

    __slots__ = ()

    async def __call__(self, api: Api, options: Any, scope: Scope) -> Sequence[Scope]:
        known = unpack(scope.path)
        level = sum(f"{one.name}.id" in known for one in self.declaration.scopes)
        return await _list_scopes(self, api, options, level, known, f"{scope.id}/")


class _ListResources(_ProviderFunction):
    """(api, O, scope): what is backed up there."""

    __slots__ = ()

    async def __call__(self, api: Api, options: Any, scope: Scope) -> Sequence[Resource]:
        step, known = self.declaration.resources, unpack(scope.path)
        builder = RequestBuilder(declaration=self.declaration, options=options)
        if step.static is not None:
            records: list[Mapping[str, Any]] = [fill_in(one, builder.values(known)) for one in step.static]
            kept = [record for record in records if is_counted(record, step.records)]
            self.observe("resources", None, records, kept)
        else:
            known = choose([step.step], {}, known)
            kept = await self.records(self.walk(api, options, step.step, known), step.records)
        later = (
            self.declaration.schedule,
            self.declaration.restores,
            self.declaration.backups,
            self.declaration.follow,
        )
        below = [one.step for one in later if one is not None]
        return [map_resource(step, below, record, known, builder) async for record in wire.by_turns(kept)]


class _ReadDetails(_ProviderFunction):
    """(api, O, resource): the schedule and the newest restore."""

    __slots__ = ()

    async def __call__(self, api: Api, options: Any, resource: Resource) -> Details:
        known, found = unpack(resource.path), Details(state=resource.state, paused=resource.paused)
        answered: dict[Hashable, Answer] = {}
        if self.declaration.schedule is not None:
            answer = await self.walk(api, options, self.declaration.schedule.step, known, answered).one()
            self.observe("schedule", answer, [answer.body], [answer.body])
            found = await evaluate(answer, map_schedule, self.declaration.schedule, found, answer.body)
        step = self.declaration.restores
        if step is not None:
            records = await self.records(self.walk(api, options, step.step, known, answered), step.records)
            ended = [
                Restore(started=started, status=status)
                async for record in wire.by_turns(records)
                if (started := step.started.read(record)) is not None
                and (status := step.status.read(record)) not in UNFINISHED
            ]
            found = replace(found, restore=max(ended, key=lambda restore: restore.started, default=None))
        return found


@dataclass(frozen=True, slots=True)
class _ListPages(_ProviderFunction):
    """(api, O, resource): the listing, page after page."""

    demand: Demand = field(default=None, compare=False)

    async def __call__(self, api: Api, options: Any, resource: Resource) -> AsyncIterator[RawPage]:
        step = self.declaration.backups
        walk = self.walk(api, options, step.step, unpack(resource.path))
        async for answer, last in walk.pages(make_counter(step.records.records)):
            if self.observe is not ignore:
                self.observe("backups", answer, *find_records(answer.body, step.records))
            yield await evaluate(answer, self._page, answer.body, last=last)

    def _page(self, body: Any, *, last: bool) -> RawPage:
        step = self.declaration.backups
        return RawPage(
            records=[
                encode_record(prune(record, self.demand), step.records.path)
                for record in list_records(body, step.records)
            ],
            recovery=map_window(step, body),
            last=last,
        )


class _MapBackup(_ProviderFunction):
    """(O, record): what a record means."""

    __slots__ = ()

    def __call__(self, options: Any, record: Mapping[str, Any]) -> Backup | None:
        step = self.declaration.backups
        return map_backup(step, record) if is_counted(record, step.records) else None


class _Follow(_ProviderFunction):
    """(api, O, resource, backup): a running backup by its own path."""

    __slots__ = ()

    async def __call__(self, api: Api, options: Any, resource: Resource, run: Backup) -> Sequence[Backup]:
        step = self.declaration.follow
        assert step is not None  # noqa: S101 - made only where there is one
        known = {**unpack(resource.path), "backup.id": run.id}
        answer = await self.walk(api, options, step.step, known).one()
        record, found = await evaluate(answer, self._map, step, answer.body, run.id)
        self.observe("follow", answer, [record], [record])
        return (replace(found, kind=found.kind or run.kind, started=found.started or run.started),)

    def _map(self, step: FollowStep, body: Any, own: str) -> tuple[Mapping[str, Any], Backup]:
        record = body if step.record is None else step.record.search(body)
        if not isinstance(record, dict):
            raise MalformedError("follow.record: found no object")
        return record, map_backup(self.declaration.backups, record, own)


class _BaseUrls(_ProviderFunction):
    """(O): the base URLs, as given or as declared."""

    __slots__ = ()

    def __call__(self, options: Any) -> tuple[str, ...]:
        builder = RequestBuilder(declaration=self.declaration, options=options)
        return tuple(builder.base(name) for name, _ in self.declaration.hosts)


def make_provider(declaration: Declaration, observe: Observer = ignore) -> Provider:
    """Return the provider that a declaration describes."""
    step = declaration.backups
    has_details = declaration.schedule is not None or declaration.restores is not None
    return Provider(
        options=make_options_type(
            declaration.name, declaration.options, tuple(key for key, _ in declaration.url_options)
        ),
        rate_limit=declaration.rate_limit,
        rate_headers=declaration.rate_headers,
        vendor=declaration.vendor,
        scopes=_ListScopes(declaration, observe),
        inner_scopes=_ListInnerScopes(declaration, observe) if len(declaration.scopes) > 1 else None,
        resources=_ListResources(declaration, observe),
        details=_ReadDetails(declaration, observe) if has_details else None,
        has_schedule=declaration.schedule is not None,
        pages=_ListPages(declaration, observe, find_backup_demand(step)),
        backup=_MapBackup(declaration, observe),
        newest_first=step.newest_first,
        identity=identify,
        refresh=_Follow(declaration, observe) if declaration.follow is not None else None,
        sizes=step.size is not None,
        statuses=step.status.possible,
        base_urls=_BaseUrls(declaration, observe),
        max_age=AgeLimit(declaration.slack),
        title=declaration.title,
        docs=declaration.docs,
        checked=declaration.checked,
    )


def identify(resource: Resource) -> frozenset[tuple[str, str]]:
    """Return the ids of a resource and of the scopes above it, whatever its label says."""
    return frozenset((key, value) for key, value in unpack(resource.path).items() if key.endswith(".id"))


@lru_cache(maxsize=256)
def make_options_type(name: str, options: tuple[Option, ...], url_keys: tuple[str, ...]) -> type[Any]:
    """Return the dataclass of a declaration's options: its fields are the configuration keys."""
    required: list[Any] = []
    others: list[Any] = [(key, Url, field(default=Url(""))) for key in url_keys]
    for option in options:
        kind = Secret if option.secret else str
        if option.default is not None:
            others.append((option.name, kind, field(default=option.default)))
        else:
            required.append((option.name, kind, field(repr=not option.secret)))
    return make_dataclass(f"OptionsOf_{name}", [*required, *others], frozen=True, kw_only=True)


async def _list_scopes(
    function: _ProviderFunction, api: Api, options: Any, level: int, known: PlaceholderValues, prefix: str
) -> Sequence[Scope]:
    step, inner = function.declaration.scopes[level], level + 1 < len(function.declaration.scopes)
    known = choose([step.step], {}, known)
    records = await function.records(function.walk(api, options, step.step, known), step.records)
    return [map_scope(step, record, known, prefix, inner=inner) async for record in wire.by_turns(records)]
