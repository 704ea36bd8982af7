"""What one alert is, and what may differ from one user's rules to another's."""

from dataclasses import dataclass
from enum import StrEnum

_DOCS = "https://github.com/backup-exporter/backup-exporter/blob/main/docs"
DOCUMENTATION = f"{_DOCS}/README.md"
RUNBOOKS = f"{_DOCS}/runbooks"


class Subject(StrEnum):
    """What an alert is about."""

    RESOURCE = "resource"
    SOURCE = "source"
    EXPORTER = "exporter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the flags of `backup-exporter rules` set."""

    job: str = "backup-exporter"
    identity: tuple[str, ...] = ("cluster",)
    """Labels in which environments differ, beside `job`; an absent label equals an absent one."""
    replica_labels: tuple[str, ...] = ()
    """Labels in which replicas differ, beside REPLICA_LABELS."""
    runbook_url: str = RUNBOOKS
    dashboard_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert: what it selects, how long it waits, what it says.

    `summary` and `description` are templates of Prometheus; `exporter.alerts.sentences` makes what is longer than a
    label. An alert selects one word of `backup_resource_problem` or `backup_source_problem`; one on facts has an `expr`
    with the placeholders that `exporter.alerts.rules` fills in.
    """

    name: str
    subject: Subject
    severity: str
    summary: str
    description: str
    condition: str
    """When it fires, for docs/alerts.md and the comment above the rule."""
    gist: str
    """One line for the index of the runbooks."""
    word: str = ""
    """The problem that it selects; empty for an alert on facts."""
    only: str = ""
    """The severity of the word that it selects, where it is not every one."""
    unanimous: bool = False
    """Whether the word is about something missing: then every instance that reads the resource has to say it."""
    expr: str = ""
    wait: str = "15m"
    """How long it is pending; empty for an alert that fires at once."""
