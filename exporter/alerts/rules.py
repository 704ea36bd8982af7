"""Makes the groups of rules from the table of alerts."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from exporter.alerts.age_alerts import AGES
from exporter.alerts.alert import Alert, Options, Subject
from exporter.alerts.content_alerts import CONTENTS
from exporter.alerts.exporter_alerts import EXPORTER_ALERTS, UNKNOWN_WORD
from exporter.alerts.run_alerts import RUNS
from exporter.alerts.sentences import RESOURCE_TITLE, SOURCE_TITLE, define_matchers
from exporter.alerts.source_alerts import SOURCE_ALERTS
from exporter.labels import REPLICA_LABELS

RESOURCE_ALERTS: tuple[Alert, ...] = (*AGES, *RUNS, *CONTENTS)
ALERTS: tuple[Alert, ...] = (*RESOURCE_ALERTS, *SOURCE_ALERTS, UNKNOWN_WORD, *EXPORTER_ALERTS)
READING = "instance:backup_resource_up:with_problem"
COUNTED = "instance:backup_resource_problem:counted"
CURRENT = "resource:backup_resource_problem:current"
OF_A_PROBLEM = "resource_name, kind, problem, severity"
"""The labels that a problem has beyond those of its resource."""
INTERVAL = "1m"
KEEP_FIRING = "15m"
"""Bridges a restart of the exporter, a failed scrape, and the start of an instance."""
MATCHED = {
    Subject.RESOURCE: ("job", "provider", "source", "resource"),
    Subject.SOURCE: ("job", "provider", "source"),
    Subject.EXPORTER: ("job", "instance"),
}
"""The labels by which a sentence asks for the numbers of its subject, beside the identity labels."""
DASHBOARDS = {Subject.RESOURCE: "backup-resource", Subject.SOURCE: "backup-exporter-health"}
"""The uid of the board about a subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a rule file: `record` or `alert` is its name, the other is empty."""

    comment: str
    expr: str
    record: str = ""
    alert: str = ""
    wait: str = ""
    severity: str = ""
    annotations: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated together."""

    name: str
    rules: tuple[Rule, ...]


def make_backup_groups(options: Options) -> tuple[Group, ...]:
    """Return the groups about backups: alerts/backups.yml."""
    replicas = ", ".join((*REPLICA_LABELS, *options.replica_labels))
    records = (_record_reading(replicas), _record_counted(replicas), _record_current(replicas))
    return (
        Group(name="backup-exporter-verdict", rules=(*records, *_make_rules((UNKNOWN_WORD,), options))),
        Group(name="backup-exporter-ages", rules=_make_rules(AGES, options)),
        Group(name="backup-exporter-runs", rules=_make_rules(RUNS, options)),
        Group(name="backup-exporter-contents", rules=_make_rules(CONTENTS, options)),
    )


def make_collection_groups(options: Options) -> tuple[Group, ...]:
    """Return the groups about the collection: alerts/collection.yml."""
    return (
        Group(name="backup-exporter-sources", rules=_make_rules(SOURCE_ALERTS, options)),
        Group(name="backup-exporter-collection", rules=_make_rules(EXPORTER_ALERTS, options)),
    )


def _record_reading(replicas: str) -> Rule:
    """Return the rule that finds the instances which read the resources in question."""
    return Rule(
        record=READING,
        comment=(
            "The instances that read a resource of which any instance reports a problem. Recorded once, because it is"
            " the only look at every resource that the rules take"
        ),
        expr=f"backup_resource_up == 1 and ignoring ({OF_A_PROBLEM}, {replicas}) backup_resource_problem",
    )


def _record_counted(replicas: str) -> Rule:
    """Return the rule that keeps the problems of the instances that can read the resource."""
    return Rule(
        record=COUNTED,
        comment=(
            "An instance that cannot read a resource reports that itself. All other problems come from the instances"
            " that can read it; if none can, from what each of them read last"
        ),
        expr=(
            'backup_resource_problem{problem="unreadable"}\n'
            "or\n"
            f"(backup_resource_problem and ignoring ({OF_A_PROBLEM}) {READING})\n"
            "or\n"
            "(\n"
            "  backup_resource_problem\n"
            f"  unless ignoring ({OF_A_PROBLEM}, {replicas}) {READING}\n"
            ")"
        ),
    )


def _record_current(replicas: str) -> Rule:
    """Return the rule that merges the problems of several instances into one series."""
    unanimous = "|".join(sorted(alert.word for alert in RESOURCE_ALERTS if alert.unanimous))
    return Rule(
        record=CURRENT,
        comment=(
            "One series for each resource, problem and kind, without the labels of replicas: the worst severity, one"
            " name. The problems listed at the end say that something is missing; they count if every instance that"
            " reads the resource reports them. Where backups are gone, an instance that remembers one reports"
            " nothing_to_restore, and one that does not reports never_succeeded: they agree"
        ),
        expr=(
            "clamp_max(\n"
            "  topk without (resource_name, severity) (1,\n"
            f"    max without ({replicas}) (\n"
            f'      3 * {COUNTED}{{severity="critical"}}\n'
            f'      or 2 * {COUNTED}{{severity="warning"}}\n'
            f'      or {COUNTED}{{severity!~"critical|warning"}}\n'
            "    )\n"
            "  ),\n"
            "  1\n"
            ")\n"
            "unless ignoring (resource_name, severity)\n"
            "(\n"
            f"  count without (resource_name, severity, {replicas}) (\n"
            f'    {COUNTED}{{problem=~"{unanimous}"}}\n'
            f'    or label_replace({COUNTED}{{problem="never_succeeded"}}, "problem", "nothing_to_restore", "", "")\n'
            "  )\n"
            "  < ignoring (kind, problem) group_left ()\n"
            f"  count without ({replicas}) ({READING})\n"
            ")"
        ),
    )


def _make_rules(alerts: Iterable[Alert], options: Options) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            alert=alert.name,
            comment=alert.condition.replace("`", ""),
            expr=_make_expression(alert, options),
            wait=alert.wait,
            severity=alert.severity,
            annotations=_make_annotations(alert, options),
        )
        for alert in alerts
    )


def _make_expression(alert: Alert, options: Options) -> str:
    environment = ", ".join((*options.identity, "job"))
    source_replicas = ", ".join((*REPLICA_LABELS, *options.replica_labels, "shard"))
    if alert.subject is Subject.RESOURCE:
        only = f', severity="{alert.only}"' if alert.only else ""
        return f'{CURRENT}{{problem="{alert.word}"{only}}}'
    if alert.subject is Subject.SOURCE:
        return f'max without ({source_replicas}) (\n  backup_source_problem{{problem="{alert.word}"}}\n)'
    return alert.expr % {
        "job": json.dumps(options.job, ensure_ascii=False),
        "environment": environment,
        "instance": f"{environment}, instance",
        "source_replicas": source_replicas,
        "resource_words": _match_words(RESOURCE_ALERTS),
        "source_words": _match_words(SOURCE_ALERTS),
    }


def _match_words(alerts: Iterable[Alert]) -> str:
    return json.dumps("|".join(sorted({alert.word for alert in alerts})))


def _make_annotations(alert: Alert, options: Options) -> dict[str, str]:
    title = {Subject.RESOURCE: RESOURCE_TITLE, Subject.SOURCE: SOURCE_TITLE}.get(alert.subject, "")
    labels = (*options.identity, *MATCHED[alert.subject])
    if any("$labels.kind" in text for text in (alert.summary, alert.description)):
        labels = (*labels, "kind")
    annotations = {
        "summary": define_matchers(title + alert.summary, labels),
        "description": define_matchers(alert.description, labels),
        "runbook_url": f"{options.runbook_url.rstrip('/')}/{alert.name}.md",
    }
    if options.dashboard_url and alert.subject in DASHBOARDS:
        annotations["dashboard_url"] = _link_dashboard(alert.subject, options)
    return annotations


def _link_dashboard(subject: Subject, options: Options) -> str:
    """Return the link to the board about a subject, with its labels as the board's variables."""
    labels = (*options.identity, *MATCHED[subject])
    variables = "&".join(f"var-{label}={{{{ $labels.{label} | urlquery }}}}" for label in labels)
    return f"{options.dashboard_url.rstrip('/')}/d/{DASHBOARDS[subject]}?{variables}"
