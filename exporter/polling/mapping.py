"""Makes pages of what a provider yields: a record that is known to the byte is not mapped again."""

from typing import Any

from exporter import wire
from exporter.model import Page
from exporter.provider import Provider, RawPage

NOTHING: frozenset[int] = frozenset()


def mapped(provider: Provider, options: Any, raw: RawPage, known: frozenset[int] = NOTHING) -> Page:
    """Return a page; of its records, those whose prints are among `known` are only named by these.

    A record that is no object, or that the provider finds malformed, is MalformedError.
    """
    texts = list(map(bytes, raw.records))
    prints = list(map(hash, texts))
    fresh = {}
    for text, print_ in zip(texts, prints, strict=True):
        if print_ not in known:
            backup = provider.backup(options, wire.record(wire.decoded(text)))
            if backup is not None:
                fresh[backup.id] = backup, print_
    return Page(
        backups=tuple(backup for backup, _ in fresh.values()),
        prints={key: print_ for key, (_, print_) in fresh.items()},
        again=frozenset(known.intersection(prints)),
        total=raw.total,
        recovery=raw.recovery,
        last=raw.last,
    )
