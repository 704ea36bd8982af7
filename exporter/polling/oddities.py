"""Logs what a vendor sends and the exporter does not understand, each form of it once."""

from collections.abc import Iterable
from typing import Any

from exporter.model import Backup

MAX_LOGGED = 1000
"""Of each sort: a vendor that invents words must not fill memory and log."""


class Oddities:
    """The unknown status words and unreadable values that one source has sent."""

    def __init__(self, log: Any) -> None:
        """Start with none."""
        self._log = log
        self._statuses: set[str] = set()
        self._forms: set[tuple[str, str]] = set()

    def log(self, resource: str, backups: Iterable[Backup]) -> None:
        """Log what is new among the oddities of a resource's backups."""
        for backup in backups:
            if backup.unmapped is not None:
                self._log_status(backup.unmapped)
            for field, form in backup.unread:
                self._log_form(resource, field, form)

    def _log_status(self, word: str) -> None:
        if word not in self._statuses and len(self._statuses) < MAX_LOGGED:
            self._statuses.add(word)
            self._log.warning("status.unknown", word=word)

    def _log_form(self, resource: str, field: str, form: str) -> None:
        if (field, form) not in self._forms and len(self._forms) < MAX_LOGGED:
            self._forms.add((field, form))
            self._log.warning("record.unreadable", resource=resource, field=field, form=form)
