"""Makes pages of what a provider yields: a record whose bytes are unchanged is not mapped again."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from exporter import wire
from exporter.provider import Provider, RawPage
from exporter.state.listing import Page

NONE_KNOWN: frozenset[int] = frozenset()
RECORDS_PER_SLICE = 400
"""Records that are mapped at a time, before other tasks run."""
SLICE_BYTES = 2**16
"""Bytes of records that are mapped at a time; a single record may be larger."""


def slices(raw: RawPage) -> Iterator[RawPage]:
    """Yield a page in parts that are small enough to be mapped at once."""
    sizes = [memoryview(record).nbytes for record in raw.records]
    if len(sizes) <= RECORDS_PER_SLICE and sum(sizes) <= SLICE_BYTES:
        yield raw
        return
    for begin, end in _bounds(sizes):
        yield replace(raw, records=raw.records[begin:end], last=raw.last and end >= len(sizes))


def is_large(piece: RawPage) -> bool:
    """Return whether a part of a page is one record that is too large to be mapped at once."""
    return len(piece.records) == 1 and memoryview(piece.records[0]).nbytes > SLICE_BYTES


def _bounds(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    begin = held = 0
    for at, size in enumerate(sizes):
        if at > begin and (at - begin == RECORDS_PER_SLICE or held + size > SLICE_BYTES):
            yield begin, at
            begin, held = at, 0
        held += size
    yield begin, len(sizes)


def map_page(provider: Provider, options: Any, raw: RawPage, known: frozenset[int] = NONE_KNOWN) -> Page:
    """Return a page; of its records, those whose hashes are among `known` are given by hash only.

    A record that is no object, or that the provider finds malformed, is MalformedError.
    """
    texts = list(map(bytes, raw.records))
    hashes = list(map(hash, texts))
    fresh = {}
    for text, hash_ in zip(texts, hashes, strict=True):
        if hash_ not in known:
            backup = provider.backup(options, wire.record(wire.decode(text)))
            if backup is not None:
                fresh[backup.id] = backup, 0 if backup.id in fresh else hash_  # of two: map both again
    return Page(
        backups=tuple(backup for backup, _ in fresh.values()),
        hashes={key: hash_ for key, (_, hash_) in fresh.items()},
        unchanged=frozenset(known.intersection(hashes)),
        total=raw.total,
        recovery=raw.recovery,
        last=raw.last,
    )
