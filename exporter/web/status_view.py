"""Makes the status page's content from the state: verdict, tiles, rows and pages; a pure function."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from exporter.state.overview import ATTENTION, ResourceItem, SentencePart, count_items, list_items, write_verdict
from exporter.state.store import Store
from exporter.web.filters import Filter, make_address
from exporter.web.rows import Row, make_row
from exporter.web.source_rows import SourceRow, count_down, make_source_rows

PAGE_SIZE = 200
FOLDS = (("info", "worth a look"), ("fine", "fine"), ("paused", "paused"))
TILES = (
    ("critical", "critical"),
    ("warning", "need attention"),
    ("info", "worth a look"),
    ("fine", "fine"),
    ("paused", "paused"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A count that filters."""

    state: str
    words: str
    count: int
    url: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Rows of one state, folded."""

    state: str
    words: str
    count: int
    rows: tuple[Row, ...]
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """One of several pages."""

    number: int
    url: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """All that the page shows."""

    sentence: tuple[SentencePart, ...]
    urgent: int
    """How many resources are critical or need attention."""
    tiles: tuple[Tile, ...]
    filter: Filter
    kept_parameters: tuple[tuple[str, str], ...]
    """Filters that the form has no field for."""
    source_names: tuple[str, ...]
    providers: tuple[str, ...]
    total: int
    shown: int
    bad: tuple[Row, ...]
    folds: tuple[Fold, ...]
    pages: tuple[PageLink, ...]
    sources: tuple[SourceRow, ...]


def make_status_view(store: Store, wanted: Filter, number: int) -> StatusView:
    """Return the content of one page of the resources that match a filter."""
    now, entries, items = store.now(), store.entries, list_items(store)
    counts = count_items(items)
    fitting = [item for item in items if fits(item, wanted)] if wanted.active else items
    last = max(1, -(-len(fitting) // PAGE_SIZE))
    number = min(number, last)
    shown = [_refresh(item, store) for item in fitting[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]]
    return StatusView(
        sentence=write_verdict(counts, count_down(entries.values())),
        urgent=sum(counts[state] for state in ATTENTION),
        tiles=_tiles(counts, wanted),
        filter=wanted,
        kept_parameters=tuple(pair for pair in wanted.parameters() if pair[0] not in ("q", "source", "provider")),
        source_names=tuple(sorted(entries)),
        providers=tuple(sorted({entry.source.provider_name for entry in entries.values()})),
        total=len(items),
        shown=len(fitting),
        bad=tuple(make_row(item, now) for item in shown if item.state in ATTENTION),
        folds=_folds(shown, count_items(fitting), wanted, now, open_all=number > 1),
        pages=_pages(wanted, number, last),
        sources=make_source_rows(store, now),
    )


def _refresh(item: ResourceItem, store: Store) -> ResourceItem:
    """Return a resource with current numbers in the sentences of its problems."""
    view = None if item.gone else store.find_view(item.source.name, item.id)
    return item if view is None else ResourceItem(item.source, view)


def fits(item: ResourceItem, wanted: Filter) -> bool:
    """Return whether a resource matches a filter."""
    labels = item.labels
    texts = (item.name.casefold(), item.id.casefold())
    return (
        all(item.state == state for state in wanted.states)
        and all(item.source.name == name for name in wanted.sources)
        and all(item.source.provider_name == name for name in wanted.providers)
        and all(any(text.casefold() in each for each in texts) for text in wanted.texts)
        and all(labels.get(name) == value for name, values in wanted.labels.items() for value in values)
    )


def _tiles(counts: Mapping[str, int], wanted: Filter) -> tuple[Tile, ...]:
    others = [pair for pair in wanted.parameters() if pair[0] != "state"]
    return tuple(
        Tile(
            state=state,
            words=words,
            count=counts[state],
            url=make_address([*others, *(() if state in wanted.states else (("state", state),))]),
            current=state in wanted.states,
        )
        for state, words in TILES
    )


def _folds(
    shown: Sequence[ResourceItem], counts: Mapping[str, int], wanted: Filter, now: float, *, open_all: bool
) -> tuple[Fold, ...]:
    found = []
    for state, words in FOLDS:
        rows = tuple(make_row(item, now) for item in shown if item.state == state)
        if rows:
            is_open = open_all or wanted.active
            found.append(Fold(state=state, words=words, count=counts[state], rows=rows, open=is_open))
    return tuple(found)


def _pages(wanted: Filter, number: int, last: int) -> tuple[PageLink, ...]:
    return tuple(
        PageLink(
            number=each,
            url=make_address([*wanted.parameters(), *(() if each == 1 else (("page", str(each)),))]),
            current=each == number,
        )
        for each in _numbers(number, last)
    )


def _numbers(number: int, last: int) -> Iterable[int]:
    """Return the numbers of the pages to link to: the first, the last, and those around the current one."""
    return sorted({1, last, *(each for each in range(number - 3, number + 4) if 1 <= each <= last)})
