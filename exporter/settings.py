"""The settings that the rest of the program uses: frozen values, all spans in seconds, comparable for a reload."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeVar

from exporter.errors import PollError
from exporter.model import Status
from exporter.provider import DELTA_KINDS, Provider, RateLimit, add_slack
from exporter.schedule import DAY, HOUR, MINUTE, WEEK
from exporter.secret import Secret
from exporter.shard import Shard

Value = TypeVar("Value")
SCHEMES = ("http://", "https://")

Labels = tuple[tuple[str, str], ...]
"""Pairs of a label's name and value, sorted by name, so that equal labels are equal values."""


def labels_over(above: Labels, own: Labels) -> Labels:
    """Return the labels of both; where both give one, `own` wins."""
    return tuple(sorted({**dict(above), **dict(own)}.items()))


def matches(pattern: str, id_: str, name: str) -> bool:
    """Return whether a glob fits a resource's id or its name; case counts."""
    return fnmatchcase(id_, pattern) or fnmatchcase(name, pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The thresholds of the verdict; spans are seconds."""

    too_old_critical: float = 2.0
    """Times the age limit."""
    failures: int = 3
    stuck: float = 3.0
    """Times the typical duration."""
    stalled: float = HOUR
    slow: float = 3.0
    """Times the typical duration."""
    size_drop: float = 0.5
    """A share of the typical size."""
    size_growth: float = 3.0
    """Times the typical size."""
    restore_failed: float = WEEK
    """How long a failed restore is reported."""


ThresholdChanges = tuple[tuple[str, Any], ...]
"""Pairs of a threshold's name and value, sorted by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is expected of one resource's backups, with all overrides applied; None is no limit."""

    max_age: float | None = None
    max_duration: float | None = None
    min_backups: int | None = None
    min_retention: float | None = None
    paused: bool = False
    labels: Labels = ()
    thresholds: Thresholds = Thresholds()
    ignore: frozenset[str] = frozenset()
    """Words that are no problem here."""
    derive_max_age: Callable[[float], float] = add_slack
    """The age limit that follows from an interval, by the vendor's rule."""
    statuses: frozenset[Status] = frozenset(Status)
    """The statuses that a backup of this vendor can have; without failures, series about them are absent."""
    delta_kinds: frozenset[str] = DELTA_KINDS
    """The kinds of this vendor's backups whose sizes are not judged, since they hold differences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """An override: settings of a source for the resources that a glob matches; None leaves a setting as it is."""

    pattern: str
    max_age: float | None = None
    max_duration: float | None = None
    min_backups: int | None = None
    min_retention: float | None = None
    paused: bool | None = None
    labels: Labels = ()
    thresholds: ThresholdChanges = ()
    ignore: frozenset[str] = frozenset()

    def over(self, above: Policy) -> Policy:
        """Return the policy `above` with the settings of this override applied."""
        return Policy(
            max_age=_nearest(self.max_age, above.max_age),
            max_duration=_nearest(self.max_duration, above.max_duration),
            min_backups=_nearest(self.min_backups, above.min_backups),
            min_retention=_nearest(self.min_retention, above.min_retention),
            paused=above.paused if self.paused is None else self.paused,
            labels=labels_over(above.labels, self.labels),
            thresholds=replace(above.thresholds, **dict(self.thresholds)),
            ignore=above.ignore | self.ignore,
            derive_max_age=above.derive_max_age,
            statuses=above.statuses,
            delta_kinds=above.delta_kinds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyDownloads:
    """How downloads of backups are verified."""

    interval: float = DAY
    method: Literal["range", "full"] = "range"
    """Whether the first byte is fetched, or all."""
    allow_private: bool = False
    """Whether links may lead to private addresses and be http://."""
    bytes_per_second: int = 10_000_000
    """How fast `full` reads at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One account at one provider, and how it is watched."""

    name: str
    provider: Provider
    provider_name: str
    options: Any
    """An instance of `provider.options`."""
    rate_limit: RateLimit
    poll_interval: float = 5 * MINUTE
    discovery_interval: float = HOUR
    progress_interval: float = 30.0
    request_timeout: float = 20.0
    max_age: float | None = None
    max_duration: float | None = 6 * HOUR
    min_backups: int | None = None
    min_retention: float | None = None
    paused: bool = False
    labels: Labels = ()
    thresholds: Thresholds = Thresholds()
    ignore: frozenset[str] = frozenset()
    """Words of resources and of the source that are no problem here."""
    include: tuple[str, ...] = ()
    """Globs; without one every resource is included."""
    exclude: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()
    ca_file: Path | None = None
    proxy_url: str | None = field(default=None, repr=False)
    """May hold a password."""
    verify_downloads: VerifyDownloads | None = None
    shard_by: Literal["source", "resource"] = "source"
    shard: Shard | None = None
    """Set where the resources of this source are divided among several instances."""

    def watches(self, id_: str, name: str, /) -> bool:
        """Return whether a resource is to be watched at all, and here."""
        return self.owns(id_) and self.selects(id_, name)

    def owns(self, id_: str, /) -> bool:
        """Return whether a resource belongs to this shard."""
        return self.shard is None or self.shard.owns(f"{self.name}/{id_}")

    def selects(self, id_: str, name: str, /) -> bool:
        """Return whether `include` and `exclude` leave a resource; `exclude` wins."""
        if _any_matches(self.exclude, id_, name):
            return False
        return not self.include or _any_matches(self.include, id_, name)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The credentials among its options."""
        values = (getattr(self.options, option.name) for option in fields(self.options))
        return tuple(value for value in values if isinstance(value, Secret))

    @property
    def credential(self) -> Hashable:
        """What identifies the credential: the same whether it is given or read from a file."""
        return self.provider.vendor or self.provider_name, frozenset(map(_fingerprint, self.secrets))

    @property
    def configured_credential(self) -> Hashable:
        """What the configuration says of the credential: its text, or the path of its file, whatever the file holds."""
        return self.provider.vendor or self.provider_name, frozenset(self.secrets)

    @property
    def options_digest(self) -> str:
        """A digest of the options but for secrets: others may mean other resources."""
        values = {option.name: getattr(self.options, option.name) for option in fields(self.options)}
        plain = sorted((name, value) for name, value in values.items() if not isinstance(value, Secret))
        return sha256(repr(plain).encode()).hexdigest()

    @property
    def base_urls(self) -> tuple[str, ...]:
        """The addresses of the provider's APIs."""
        if self.provider.base_urls is not None:
            return self.provider.base_urls(self.options)
        values = (getattr(self.options, option.name) for option in fields(self.options))
        return tuple(value.rstrip("/") for value in values if isinstance(value, str) and value.startswith(SCHEMES))

    def policy(self, id_: str, name: str, /) -> Policy:
        """Return the policy for one resource: the source's settings, then each matching override in file order."""
        policy = Policy(
            max_age=self.max_age,
            max_duration=self.max_duration,
            min_backups=self.min_backups,
            min_retention=self.min_retention,
            paused=self.paused,
            labels=self.labels,
            thresholds=self.thresholds,
            ignore=self.ignore,
            derive_max_age=self.provider.max_age,
            statuses=self.provider.statuses,
            delta_kinds=self.provider.delta_kinds,
        )
        for override in self.overrides:
            if matches(override.pattern, id_, name):
                policy = override.over(policy)
        return policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration."""

    sources: tuple[Source, ...]
    state_file: Path | None = None
    state_file_given: bool = True
    """Whether the configuration says where it is, or that there is none."""
    excluded_families: frozenset[str] = frozenset()
    """The names of metric families that are not exposed."""

    def on(self, shard: Shard) -> "Settings":
        """Return the part of this that one of several instances watches.

        A source belongs whole to one of them, since its budget does, and so do all whose credential is the same text or
        file; unless it is divided by resource: then each takes its share of the resources and of the budget. No file
        is read for it: a credential that changes while some instances have read the old one would leave a source out.
        """
        backwards = sorted(self.sources, key=_by_name, reverse=True)
        first = {source.configured_credential: source.name for source in backwards}
        sources = (_part(source, shard, first[source.configured_credential]) for source in self.sources)
        return replace(self, sources=tuple(source for source in sources if source is not None))


def _by_name(source: Source) -> str:
    return source.name


def _part(source: Source, shard: Shard, key: str) -> Source | None:
    if source.shard_by == "source":
        return source if shard.owns(key) else None
    limit = replace(source.rate_limit, share=source.rate_limit.share / shard.count)
    return replace(source, shard=shard, rate_limit=limit)


def _fingerprint(secret: Secret) -> bytes:
    try:
        return sha256(secret.reveal().encode()).digest()
    except PollError:  # its file is away just now
        return sha256(repr(secret.file).encode()).digest()


def _any_matches(patterns: Iterable[str], id_: str, name: str) -> bool:
    return any(matches(pattern, id_, name) for pattern in patterns)


def _nearest(own: Value | None, above: Value | None) -> Value | None:
    return above if own is None else own
