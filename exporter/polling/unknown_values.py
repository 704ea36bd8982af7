"""Logs what a vendor sends and the exporter does not understand, each form of it once."""

from collections.abc import Iterable, Mapping
from typing import Any

from exporter.model import Backup
from exporter.polling.kinds import MAX_KINDS, OTHER_KINDS
from exporter.settings import Source
from exporter.state.inventory import RefusedResource
from exporter.state.resource import SourceStatus, UnreadableScope

MAX_LOGGED = 1000
"""Of each sort, so that a vendor with endless words does not fill memory and log."""
MAX_SHOWN_ID = 80
"""So many characters are shown of an id that is too long."""


class UnknownValues:
    """The unknown status words and unreadable values that one source has sent."""

    def __init__(self, source: Source, log: Any) -> None:
        """Start with none."""
        self._source, self._log = source, log
        self._refused: set[str] = set()
        self._emptied = False
        self._scopes: dict[str, UnreadableScope] = {}
        self._statuses: set[str] = set()
        self._forms: set[tuple[str, str]] = set()
        self._many_kinds: set[str] = set()

    def log(self, resource: str, backups: Iterable[Backup]) -> None:
        """Log what is new among the unknown_values of a resource's backups."""
        for backup in backups:
            if backup.unmapped is not None:
                self._log_status(backup.unmapped)
            for field, form in backup.unread:
                self._log_form(resource, field, form)

    def log_kinds(self, resource: str) -> None:
        """Log that the backups of a resource are of too many kinds, once."""
        if resource not in self._many_kinds and len(self._many_kinds) < MAX_LOGGED:
            self._many_kinds.add(resource)
            self._log.warning("kinds.capped", resource=resource, limit=MAX_KINDS, counted_as=OTHER_KINDS)

    def log_discovery(self, refused: Iterable[RefusedResource], status: SourceStatus) -> None:
        """Log what a cap refuses, each resource once, and that patterns leave nothing, when that begins.

        Log each scope that cannot be listed once, again when the reason changes, and when it can be listed again.
        """
        for one in refused:
            self._log_refused(one)
        self._log_scopes({scope.id: scope for scope in status.unreadable_scopes or ()})
        emptied = bool(status.listed_resources) and status.matching_resources == 0
        if emptied and not self._emptied:
            patterns = {"include": list(self._source.include), "exclude": list(self._source.exclude)}
            self._log.warning("discovery.patterns_leave_none", listed=status.listed_resources, **patterns)
        self._emptied = emptied

    def _log_scopes(self, unreadable: Mapping[str, UnreadableScope]) -> None:
        before, self._scopes = self._scopes, dict(unreadable)
        for key, scope in unreadable.items():
            if key not in before or before[key].reason != scope.reason:
                self._log.warning("scope.unreadable", scope=scope.name, reason=scope.reason, detail=scope.detail)
        for key, scope in before.items():
            if key not in unreadable:
                self._log.info("scope.readable", scope=scope.name)

    def _log_refused(self, one: RefusedResource) -> None:
        if one.resource.id not in self._refused and len(self._refused) < MAX_LOGGED:
            self._refused.add(one.resource.id)
            shown, name = one.resource.id[:MAX_SHOWN_ID], one.resource.name
            self._log.warning("resource.refused", resource=shown, name=name, reason=one.reason, limit=one.limit)

    def _log_status(self, word: str) -> None:
        if word not in self._statuses and len(self._statuses) < MAX_LOGGED:
            self._statuses.add(word)
            self._log.warning("status.unknown", word=word)

    def _log_form(self, resource: str, field: str, form: str) -> None:
        if (field, form) not in self._forms and len(self._forms) < MAX_LOGGED:
            self._forms.add((field, form))
            self._log.warning("record.unreadable", resource=resource, field=field, form=form)
