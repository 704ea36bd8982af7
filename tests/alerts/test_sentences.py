"""What a person reads: each summary with its numbers and, where the families are not exposed, without them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.alerts.alert import Alert, Options, Subject
from exporter.alerts.rules import ALERTS, make_backup_groups, make_collection_groups
from exporter.alerts.text import write_rule_file
from tests.alerts.programs import run

DAY, HOUR, MINUTE = 86400, 3600, 60
FIRING_AT = 90 * MINUTE
"""When the sentences are read: later than every alert's `for`."""
ENVIRONMENT = {"region": "eu", "job": "backup-exporter"}
LAST_GOOD = {"backup_age_seconds": 9 * DAY + 5 * MINUTE}


def ago(seconds: int) -> int:
    return FIRING_AT - seconds


Details = Mapping[str, int | float]
SENTENCES: dict[str, tuple[Details, str, str]] = {
    "BackupTooOld": (
        {**LAST_GOOD, "backup_max_age_seconds": 7 * DAY},
        "last good backup 9d ago, limit 7d",
        "the last good backup is too old",
    ),
    "BackupTooOldCritical": (
        {"backup_age_seconds": 20 * DAY + 3 * HOUR + 12, "backup_max_age_seconds": 26 * HOUR},
        "last good backup 20d 3h ago, limit 1d 2h",
        "the last good backup is far too old",
    ),
    "BackupTooOldByKind": (
        {
            "backup_last_success_by_kind_timestamp_seconds": ago(30 * HOUR),
            "backup_max_age_by_kind_seconds": 26 * HOUR,
        },
        "last good dump backup 1d 6h ago, limit 1d 2h",
        "the last good dump backup is too old",
    ),
    "BackupNeverSucceeded": (
        {"backup_max_age_seconds": 7 * HOUR},
        "no completed backup is known, limit 7h",
        "no completed backup is known",
    ),
    "BackupNeverSucceededByKind": (
        {"backup_max_age_by_kind_seconds": 7 * HOUR},
        "no completed dump backup is known, limit 7h",
        "no completed dump backup is known",
    ),
    "BackupLimitUnknown": ({}, "no age limit is set or known", "no age limit is set or known"),
    "BackupTimeInFuture": ({}, "a backup starts in the future", "a backup starts in the future"),
    "BackupScheduleOff": ({}, "backups are switched off at the vendor", "backups are switched off at the vendor"),
    "BackupScheduleGone": ({}, "the schedule for dump backups is gone", "the schedule for dump backups is gone"),
    "BackupPausedTooLong": (
        {},
        "monitoring has been paused for more than 7 days",
        "monitoring has been paused for more than 7 days",
    ),
    "BackupLastRunFailed": (
        LAST_GOOD,
        "the last backup failed; the last good one started 9d ago",
        "the last backup failed",
    ),
    "BackupFailingRepeatedly": (
        {"backup_failures_since_success": 4},
        "4 backups have failed in a row",
        "backups fail repeatedly",
    ),
    "BackupFailingRepeatedlyByKind": (
        {"backup_failures_since_success_by_kind": 4},
        "4 dump backups have failed in a row",
        "dump backups fail repeatedly",
    ),
    "BackupStuck": (
        {"backup_in_progress_start_timestamp_seconds": ago(9 * HOUR), "backup_typical_duration_seconds": 20 * MINUTE},
        "a backup has been running for 9h, usually 20m",
        "a backup has been running for too long",
    ),
    "BackupProgressStalled": (
        {"backup_progress_percent": 41.6},
        "the running backup is stalled at 42 %",
        "the running backup makes no progress",
    ),
    "BackupSlow": (
        {"backup_last_success_duration_seconds": 3 * HOUR + 25 * MINUTE + 7, "backup_typical_duration_seconds": 1200},
        "the last dump backup took 3h 25m, usually 20m",
        "the last dump backup took unusually long",
    ),
    "BackupRestoreFailed": (
        {"backup_last_restore_timestamp_seconds": ago(2 * DAY)},
        "the last restore failed 2d ago",
        "the last restore failed",
    ),
    "BackupPartlyFailed": (
        {"backup_last_success_failures": 12},
        "items that failed in the last completed backup: 12",
        "some items failed in the last completed backup",
    ),
    "BackupNothingToRestore": (
        LAST_GOOD,
        "no backup is left to restore from; the last one started 9d ago",
        "no backup is left to restore from",
    ),
    "BackupSizeDropped": (
        {"backup_last_success_size_bytes": 1.25e9, "backup_typical_size_bytes": 5e9},
        "the last dump backup has 1.25GB, usually 5GB",
        "the last dump backup is much smaller than usual",
    ),
    "BackupSizeGrew": (
        {"backup_last_success_size_bytes": 5e9, "backup_typical_size_bytes": 1.25e9},
        "the last dump backup has 5GB, usually 1.25GB",
        "the last dump backup is much larger than usual",
    ),
    "BackupEmpty": ({}, "the last dump backup is empty", "the last dump backup is empty"),
    "BackupTooFew": (
        {'backup_backups{status="completed"}': 3, "backup_min_backups": 4},
        "completed backups: 3; wanted: at least 4",
        "too few backups are kept",
    ),
    "BackupRetentionTooShort": (
        {"backup_oldest_success_timestamp_seconds": ago(12 * HOUR), "backup_min_retention_seconds": DAY},
        "backups reach back 12h; wanted: at least 1d",
        "backups do not reach back far enough",
    ),
    "BackupRecordsUnreadable": (
        {"backup_unreadable_records": 2},
        "backup records that cannot be understood: 2",
        "some backup records cannot be understood",
    ),
    "BackupNotDownloadable": ({}, "the newest backup cannot be downloaded", "the newest backup cannot be downloaded"),
    "BackupResourceUnreadable": (
        {'backup_resource_failure{reason="not_found"}': 1},
        "its backups cannot be read: not_found",
        "its backups cannot be read",
    ),
    "BackupResourceDisappeared": ({}, "the vendor no longer lists it", "the vendor no longer lists it"),
    "BackupSourceEmptied": ({}, "all its resources are gone", "all its resources are gone"),
    "BackupCredentialsRejected": ({}, "the credentials are rejected", "the credentials are rejected"),
    "BackupSourceDown": ({'backup_source_failure{reason="timeout"}': 1}, "cannot be read: timeout", "cannot be read"),
    "BackupSourceDataStale": (
        {"backup_poll_last_success_timestamp_seconds": ago(HOUR)},
        "is no longer polled; last good poll 1h ago",
        "is no longer polled",
    ),
    "BackupRateLimited": ({}, "the vendor's rate limit makes polls fail", "the vendor's rate limit makes polls fail"),
    "BackupSourceLimitReached": ({}, "a cap is reached: pages", "a cap is reached: pages"),
    "BackupScopeUnreadable": (
        {"backup_source_unreadable_scopes": 2},
        "projects, apps or customers that cannot be listed: 2",
        "some projects, apps or customers cannot be listed",
    ),
    "BackupPollIntervalStretched": (
        {"backup_poll_interval_seconds": 600, "backup_poll_configured_interval_seconds": 300},
        "polled every 10m instead of every 5m",
        "polled less often than configured",
    ),
}
WORDS = {alert.name: alert for alert in ALERTS if alert.word}
BY_KIND = {alert.name for alert in WORDS.values() if "labels.kind" in alert.summary}


def write_series(name: str, labels: Mapping[str, str]) -> str:
    family, _, own = name.partition("{")
    inside = [f"{label}={value!r}".replace("'", '"') for label, value in labels.items()]
    return f"{family}{{{', '.join([*([own.rstrip('}')] if own else []), *inside])}}}"


def labels_of(alert: Alert) -> dict[str, str]:
    kind = {"kind": "dump"} if alert.name in BY_KIND else {}
    limit = {"limit": "pages"} if alert.word == "limit_reached" else {}
    source = {"provider": "acme", "source": f"of {alert.name}"}
    resource = {"resource": "f", "resource_name": "Faculty"} if alert.subject is Subject.RESOURCE else {}
    return {**ENVIRONMENT, **source, **resource, **kind, **limit, "problem": alert.word}


def list_series(alert: Alert, details: Details) -> Iterator[tuple[str, float]]:
    labels = labels_of(alert)
    yield write_series(f"backup_{alert.subject}_problem", {**labels, "severity": alert.severity, "instance": "a:1"}), 1
    own = {label: value for label, value in labels.items() if label not in ("resource_name", "problem", "limit")}
    for name, value in details.items():
        yield write_series(name, {**own, "instance": "a:1"}), value
        yield write_series(name, {**own, "region": "us", "instance": "a:1"}), value * 1.5 + 1
        yield write_series(name, {**own, "region": "ap", "instance": "a:1"}), value / 3 - 1


def expect(alert: Alert, summary: str) -> dict[str, Any]:
    """Return what promtool has to find: the alert, once, with this summary."""
    labels = labels_of(alert)
    name = labels["resource_name"] if alert.subject is Subject.RESOURCE else labels["source"]
    others = f"{labels['provider']}, {labels['source']}" if alert.subject is Subject.RESOURCE else labels["provider"]
    annotations = {
        "summary": f"{name} ({others}): {summary}",
        "description": re.sub(r"{{ \$labels\.(\w+) }}", lambda found: labels[found[1]], alert.description),
        "runbook_url": f"https://wiki.example.org/{alert.name}.md",
    }
    expected = {"exp_labels": {**labels, "severity": alert.severity}, "exp_annotations": annotations}
    return {"eval_time": f"{FIRING_AT}s", "alertname": alert.name, "exp_alerts": [expected]}


def make_case(sentences: Mapping[str, tuple[Details, str]]) -> dict[str, Any]:
    """Return a promtool case in which each alert says its sentence."""
    series = [each for name, (details, _) in sentences.items() for each in list_series(WORDS[name], details)]
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": f"{value}x120"} for name, value in series],
        "alert_rule_test": [expect(WORDS[name], summary) for name, (_, summary) in sentences.items()],
    }


def list_cases() -> Iterator[dict[str, Any]]:
    """Yield the cases, with numbers and without; the two alerts of one word are not in the same one."""
    for names in (set(SENTENCES) - {"BackupTooOldCritical"}, {"BackupTooOldCritical"}):
        yield make_case({name: (SENTENCES[name][0], SENTENCES[name][1]) for name in sorted(names)})
        yield make_case({name: ({}, SENTENCES[name][2]) for name in sorted(names)})


def test_every_word_has_its_sentence_here() -> None:
    assert set(SENTENCES) == set(WORDS)


@pytest.mark.slow
def test_summaries_carry_the_numbers_of_their_own_environment_and_are_whole_without(tmp_path: Path) -> None:
    options = Options(identity=("region",), runbook_url="https://wiki.example.org/")
    rules = write_rule_file((*make_backup_groups(options), *make_collection_groups(options)))
    (tmp_path / "rules.yml").write_text(rules)
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": list(list_cases())}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(document, sort_keys=False))
    result = run("promtool", "test", "rules", "test.yml", folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
