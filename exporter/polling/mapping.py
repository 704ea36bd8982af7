"""Makes pages of what a provider yields: a record that is known to the byte is not mapped again."""

from typing import Any

from exporter import wire
from exporter.model import Page
from exporter.provider import Provider, RawPage

NONE_KNOWN: frozenset[int] = frozenset()


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
