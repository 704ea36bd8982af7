"""The parts of a verdict: problems with their words and severities, and the instant of the verdict."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from math import inf
from types import MappingProxyType

from exporter.state.steady_clock import Jump


class Severity(StrEnum):
    """How urgent a problem is."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """1 for info, 2 for warning, 3 for critical: the value of the `worst_severity` metrics."""
        return _RANKS[self]


_RANKS = {Severity.INFO: 1, Severity.WARNING: 2, Severity.CRITICAL: 3}

CRITICAL, WARNING, INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO

RESOURCE_WORDS: Mapping[str, tuple[Severity, ...]] = MappingProxyType({
    "never_succeeded": (CRITICAL,),
    "nothing_to_restore": (CRITICAL,),
    "too_old": (CRITICAL, WARNING),
    "too_old_by_kind": (WARNING,),
    "never_succeeded_by_kind": (WARNING,),
    "last_run_failed": (WARNING,),
    "failing_repeatedly": (WARNING,),
    "failing_repeatedly_by_kind": (WARNING,),
    "stuck": (WARNING,),
    "progress_stalled": (WARNING,),
    "restore_failed": (WARNING,),
    "size_dropped": (WARNING,),
    "empty": (WARNING,),
    "too_few": (WARNING,),
    "retention_too_short": (WARNING,),
    "schedule_off": (WARNING,),
    "schedule_gone": (WARNING,),
    "time_in_future": (WARNING,),
    "unreadable": (WARNING,),
    "limit_unknown": (WARNING,),
    "records_unreadable": (WARNING,),
    "partly_failed": (WARNING,),
    "disappeared": (WARNING,),
    "not_downloadable": (WARNING,),
    "slow": (INFO,),
    "size_grew": (INFO,),
    "paused_too_long": (INFO,),
})  # fmt: skip
"""The words about a resource, each with the severities it may have, worst first."""

SOURCE_WORDS: Mapping[str, tuple[Severity, ...]] = MappingProxyType({
    "credentials_rejected": (CRITICAL,),
    "emptied": (CRITICAL,),
    "down": (WARNING,),
    "data_stale": (WARNING,),
    "rate_limited": (WARNING,),
    "limit_reached": (WARNING,),
    "scopes_unreadable": (WARNING,),
    "interval_stretched": (INFO,),
})  # fmt: skip
"""The words about a source."""

_ORDER = {word: at for at, word in enumerate((*RESOURCE_WORDS, *SOURCE_WORDS))}


class Dating(Enum):
    """What becomes of the beginning of a problem when the clock is set."""

    LASTING = "lasting"
    """It stays: it follows from what the vendor reports, or is of before the start."""
    CLOCK = "clock"
    """It moves: the clock gave it, at the verdict that found the problem."""
    OUTDATED = "outdated"
    """The clock has been set since: it stays until a rule gives another one."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one resource or source."""

    word: str
    severity: Severity
    text: str
    """One plain sentence or more, with numbers; made at the instant of the verdict."""
    kind: str = ""
    """The kind of backup, where the word is about one."""
    since: float | None = None
    """When it began, in Unix seconds."""
    limit: str = ""
    """The cap, of the word `limit_reached`."""
    until: float | None = None
    """When it ends by itself, whatever is read."""
    dating: Dating = field(default=Dating.LASTING, compare=False)
    """What `since` rests on."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What distinguishes two problems of one resource or source."""
        return self.word, self.kind, self.limit

    def begin(self, before: "Problem | None", now: float) -> "Problem":
        """Return it with its beginning: that of the same problem `before`, else its own, else `now`."""
        known = None if before is None else before.since
        if before is None or known is None or (before.dating is Dating.OUTDATED and self.since is not None):
            return self if self.since is not None and self.since <= now else self._date(now, Dating.CLOCK)
        return self._date(known, before.dating)

    def _date(self, since: float, dating: Dating) -> "Problem":
        if since == self.since and dating is self.dating:
            return self
        # at each verdict; `replace` takes twice as long
        return Problem(self.word, self.severity, self.text, self.kind, since, self.limit, self.until, dating)

    def shift(self, jump: Jump) -> "Problem":
        """Return it on a clock that has been set."""
        if self.dating is Dating.CLOCK:
            return replace(self, since=jump.carry(self.since))
        return replace(self, dating=Dating.OUTDATED)

    def as_object(self) -> dict[str, str | float | None]:
        """Return it as JSON output has it."""
        own = {"problem": self.word, "severity": self.severity.value, "text": self.text, "since": self.since}
        labels = {"kind": self.kind, "limit": self.limit}
        return {**own, **{name: value for name, value in labels.items() if value}}


Standing = Mapping[tuple[str, str, str], Problem]
"""The problems of the verdict before, by their keys."""


def worst_first(found: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems in the order in which to read them: by severity, then as the words are listed, then by kind."""
    return tuple(sorted(found, key=lambda one: (-one.severity.rank, _ORDER[one.word], one.kind, one.limit)))


def worst_rank(found: Iterable[Problem]) -> int:
    """Return the rank of the worst severity, 0 without a problem."""
    return max((one.severity.rank for one in found), default=0)


class EvaluationTime:
    """The time of a verdict, which records when the verdict may next change although nothing is read."""

    __slots__ = ("due", "now")

    def __init__(self, now: float) -> None:
        """Take the time in Unix seconds; nothing is due yet."""
        self.now = now
        self.due = inf

    def check_past(self, instant: float) -> bool:
        """Return whether an instant is over, or record it as due: `age > limit` is `check_past(start + limit)`."""
        return self.now > instant or self._record_due(instant)

    def check_reached(self, instant: float) -> bool:
        """Return whether an instant has come, or record it as due."""
        return self.now >= instant or self._record_due(instant)

    def _record_due(self, instant: float) -> bool:
        self.due = min(self.due, instant)
        return False
