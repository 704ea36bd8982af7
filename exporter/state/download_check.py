"""What is known of whether a resource's newest backup can be fetched."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

RETRY_AFTER = 300.0
"""Seconds until the next check after a failure that may pass by itself; after each further one, twice as many."""
MAX_DOUBLINGS = 32
"""Enough for any interval."""
PASSING_REASONS = frozenset({"connection", "timeout", "rate_limited", "server_error", "unauthorized"})
"""The last one stands where a credential was rotated; if the API still refuses it, the resource is soon down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadCheck:
    """The last check of a download, and how many failed since the start; before the first one nothing is known."""

    at: float | None = None
    """When the last one ended."""
    success: bool | None = None
    reason: str | None = None
    """Why it failed; None if it did not."""
    duration: float | None = None
    """How long it took, in seconds."""
    retries: int = 0
    """How many failures that may pass by themselves stand in a row before this one."""
    failures: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """By reason."""

    def is_due(self, now: float, interval: float) -> bool:
        """Return whether another check is due; a time in the future, which a wrong clock left, does not delay it."""
        retry_after = RETRY_AFTER * 2 ** min(self.retries, MAX_DOUBLINGS)
        wait = min(retry_after, interval) if self.reason in PASSING_REASONS else interval
        return self.at is None or not 0 <= now - self.at < wait

    def succeed(self, now: float, duration: float) -> "DownloadCheck":
        """Return it after a check that proved the download."""
        return replace(self, at=now, success=True, reason=None, duration=duration, retries=0)

    def fail(self, now: float, duration: float, reason: str) -> "DownloadCheck":
        """Return it after a check that did not."""
        failures = MappingProxyType({**self.failures, reason: self.failures.get(reason, 0) + 1})
        passing = reason in PASSING_REASONS and self.reason in PASSING_REASONS
        retries = self.retries + 1 if passing else 0
        return DownloadCheck(
            at=now, success=False, reason=reason, duration=duration, retries=retries, failures=failures
        )
