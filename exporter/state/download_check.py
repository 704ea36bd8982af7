"""What is known of whether a resource's newest backup can be fetched."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType


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
    failures: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """By reason."""

    def is_due(self, now: float, interval: float) -> bool:
        """Return whether another check is due; a time in the future, which a wrong clock left, does not delay it."""
        return self.at is None or not 0 <= now - self.at < interval

    def succeed(self, now: float, duration: float) -> "DownloadCheck":
        """Return it after a check that proved the download."""
        return replace(self, at=now, success=True, reason=None, duration=duration)

    def fail(self, now: float, duration: float, reason: str) -> "DownloadCheck":
        """Return it after a check that did not."""
        failures = MappingProxyType({**self.failures, reason: self.failures.get(reason, 0) + 1})
        return DownloadCheck(at=now, success=False, reason=reason, duration=duration, failures=failures)
