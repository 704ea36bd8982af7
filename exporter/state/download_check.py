"""What is known of whether a resource's newest backup can be fetched."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

RETRY_AFTER = 300.0
"""Seconds until the next check after a first failure that may pass by itself."""
PASSING_REASONS = frozenset({"connection", "timeout", "rate_limited", "server_error"})


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
    retried: bool = False
    """Whether the next check follows soon: this failure may pass by itself, and none stood before it."""
    failures: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """By reason."""

    def is_due(self, now: float, interval: float) -> bool:
        """Return whether another check is due; a time in the future, which a wrong clock left, does not delay it."""
        wait = min(RETRY_AFTER, interval) if self.retried else interval
        return self.at is None or not 0 <= now - self.at < wait

    def succeed(self, now: float, duration: float) -> "DownloadCheck":
        """Return it after a check that proved the download."""
        return replace(self, at=now, success=True, reason=None, duration=duration, retried=False)

    def fail(self, now: float, duration: float, reason: str) -> "DownloadCheck":
        """Return it after a check that did not."""
        failures = MappingProxyType({**self.failures, reason: self.failures.get(reason, 0) + 1})
        retried = reason in PASSING_REASONS and self.success is not False
        return DownloadCheck(
            at=now, success=False, reason=reason, duration=duration, retried=retried, failures=failures
        )
