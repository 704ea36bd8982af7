"""Makes pages of what a provider yields: a record that is known to the byte is not mapped again."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from exporter import wire
from exporter.provider import Provider, RawPage
from exporter.state.listing import Page

NONE_KNOWN: frozenset[int] = frozenset()
SLICE = 400
"""So many records are mapped at a time; then others have their turn."""


def slices(raw: RawPage) -> Iterator[RawPage]:
    """Yield a page in parts that are small enough to be mapped at once."""
    if len(raw.records) <= SLICE:
        yield raw
        return
    for begin in range(0, len(raw.records), SLICE):
        end = begin + SLICE
        yield replace(raw, records=raw.records[begin:end], last=raw.last and end >= len(raw.records))


def map_page(provider: Provider, options: Any, raw: RawPage, known: frozenset[int] = NONE_KNOWN) -> Page:
    """Return a page; of its records, those whose prints are among `known` are only named by these.

    A record that is no object, or that the provider finds malformed, is MalformedError.
    """
    texts = list(map(bytes, raw.records))
    hashes = list(map(hash, texts))
    fresh = {}
    for text, hash_ in zip(texts, hashes, strict=True):
        if hash_ not in known:
            backup = provider.backup(options, wire.record(wire.decode(text)))
            if backup is not None:
                fresh[backup.id] = backup, hash_
    return Page(
        backups=tuple(backup for backup, _ in fresh.values()),
        hashes={key: hash_ for key, (_, hash_) in fresh.items()},
        unchanged=frozenset(known.intersection(hashes)),
        total=raw.total,
        recovery=raw.recovery,
        last=raw.last,
    )
