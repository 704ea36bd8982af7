"""Finds which fields a metric family about resources reads, by recording them."""

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any

from exporter.model import Details, Resource, Restore, Status
from exporter.settings import Policy
from exporter.state.download_check import DownloadCheck
from exporter.state.resource import ResourceStatus
from exporter.state.view import FINE

VERDICT = "(verdict)"
"""The verdict and its `up`, which belong to the view and not to the status."""

_RESTORE = Restore(started=0.0, status=Status.COMPLETED)
_DETAILS = Details(scheduled=True, interval=1.0, intervals={"": 1.0}, state="on", restore=_RESTORE)
_EMPTY_STATUS = ResourceStatus(resource=Resource(id="", name="", kind=""), first_seen=0.0)
_FULL_STATUS = ResourceStatus(
    resource=Resource(id="x", name="x", kind="x", state="on", created=0.0),
    first_seen=0.0,
    details=_DETAILS,
    up=True,
    failure="timeout",
    unreadable_records=1,
    download_check=DownloadCheck(at=0.0, success=False, reason="timeout", duration=1.0),
)
_POLICIES = (Policy(), Policy(max_age=1.0, max_duration=1.0, min_backups=1, min_retention=1.0))


def fields_read(samples: Callable[[Any], Iterable[object]]) -> frozenset[str]:
    """Return the fields of a ResourceStatus that a family reads, and VERDICT if it reads the verdict."""
    read: set[str] = set()
    for status in (_EMPTY_STATUS, _FULL_STATUS):
        for policy in _POLICIES:
            list(samples(_RecordingView(status, policy, read)))
    return frozenset(read)


class _RecordingView:
    def __init__(self, status: ResourceStatus, policy: Policy, read: set[str]) -> None:
        self.status = _RecordingStatus(status, read)
        self.policy = policy
        self._read = read

    @property
    def verdict(self) -> object:
        self._read.add(VERDICT)
        return FINE

    @property
    def up(self) -> bool:
        self._read.add(VERDICT)
        return True


class _RecordingStatus:
    def __init__(self, status: ResourceStatus, read: set[str]) -> None:
        self._status, self._read = status, read

    def __getattr__(self, name: str) -> Any:
        declared = getattr(ResourceStatus, name, None)
        if isinstance(declared, property):
            return declared.__get__(self)
        names = {field.name for field in fields(ResourceStatus)}
        self._read |= {name} if name in names else names  # a method may read anything
        return getattr(self._status, name)
