"""The result of one poll, and what follows from it for the source."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from exporter.client.client import Cost
from exporter.errors import CapError, PollError

CONCURRENCY = 8
"""How many resources of a source are read at the same time; the rate limiter decides how fast."""
UNREACHABLE_REASONS = frozenset({"connection", "tls", "timeout"})
ABORT_REASONS = UNREACHABLE_REASONS | frozenset({"unauthorized", "rate_limited"})
"""If one request fails for one of these, the others of the same poll would fail too."""


@dataclass(slots=True)
class PollResult:
    """What happened in one poll."""

    errors: dict[str, PollError] = field(default_factory=dict)
    """By resource id."""
    read: set[str] = field(default_factory=set)
    unanswered: list[PollError] = field(default_factory=list)
    """Of the resources that were asked for, the errors of those that had no answer."""
    answered: bool = False
    """Whether any resource that was asked for had an answer, a good or a bad one."""
    source_error: PollError | None = None
    limits: set[str] = field(default_factory=set)
    reading: Cost = field(default_factory=Cost)
    """What reading the listings cost."""
    discovery: Cost | None = None
    """What discovery cost; None unless all of it was done."""
    finished: bool = False
    """Whether the poll has ended, well or badly."""

    @property
    def should_abort(self) -> bool:
        """Whether to stop reading: the credential is refused, or two rounds of requests had no answer.

        So a poll ends after a few timeouts, whatever the number of resources.
        """
        if self.source_error is not None and self.source_error.source_wide:
            return True
        return not self.answered and len(self.unanswered) >= 2 * CONCURRENCY

    def add_read(self, key: str) -> None:
        """Add a resource that was read whole."""
        self.read.add(key)
        self.answered = True

    def add_failure(self, key: str, error: PollError) -> None:
        """Add a resource that was asked for and could not be read."""
        self.errors[key] = error
        if error.source_wide:
            self.source_error = error
        if error.reason in UNREACHABLE_REASONS:
            self.unanswered.append(error)
        else:
            self.answered = True

    def reason(self, resources: Iterable[str]) -> str | None:
        """Return why the source is down, or None if it is up: one resource that was read is enough."""
        if self.source_error is not None:
            return self.source_error.reason
        ids = set(resources)
        if not ids or ids - self.errors.keys():
            return None
        return Counter(self.errors[key].reason for key in sorted(ids)).most_common(1)[0][0]

    def add_limits(self, errors: Iterable[PollError | None]) -> None:
        """Add the caps among `errors` to the limits that were reached."""
        self.limits.update(error.limit for error in errors if isinstance(error, CapError))
