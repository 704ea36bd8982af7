"""Finds the alert of a problem, and the address of its runbook."""

from functools import cache

from exporter.alerts.alert import RUNBOOKS, Alert
from exporter.alerts.exporter_alerts import UNKNOWN_WORD
from exporter.alerts.rules import RESOURCE_ALERTS
from exporter.alerts.source_alerts import SOURCE_ALERTS


@cache
def find_alert(word: str, severity: str) -> Alert:
    """Return the alert of a problem; one that is for this severity alone takes precedence."""
    fitting = [one for one in (*RESOURCE_ALERTS, *SOURCE_ALERTS) if one.word == word and one.only in ("", severity)]
    return max(fitting, key=lambda one: bool(one.only), default=UNKNOWN_WORD)


def find_runbook(alert: Alert) -> str:
    """Return the address of an alert's runbook."""
    return f"{RUNBOOKS}/{alert.name}.md"
