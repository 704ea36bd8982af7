"""`backup-exporter rules`: prints the alert and recording rules."""

import argparse
import re
import sys
from urllib.parse import urlsplit

from exporter.alerts.alert import RUNBOOKS, Options
from exporter.alerts.rules import make_backup_groups, make_collection_groups
from exporter.alerts.text import write_prometheus_rule, write_rule_file
from exporter.labels import LABEL_NAME, REPLICA_LABELS, TAKEN_LABELS

RULE_LABELS = TAKEN_LABELS | {"resource_name"}
"""Labels that the rules use."""


def run(flags: argparse.Namespace) -> int:
    """Print the rules that the flags ask for."""
    if both := [label for label in flags.replica_label if label in flags.identity]:
        print(
            f"--replica-label: {both[0]!r} is in --identity too (default: cluster); give it in one of the two",
            file=sys.stderr,
        )
        return 2
    options = Options(
        job=flags.job,
        identity=flags.identity,
        replica_labels=flags.replica_label,
        runbook_url=flags.runbook_url,
        dashboard_url=flags.dashboard_url or "",
    )
    groups = (*make_backup_groups(options), *make_collection_groups(options))
    write = write_prometheus_rule if flags.format == "operator" else write_rule_file
    print(write(groups), end="")
    return 0


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    defaults = Options()
    parser.add_argument(
        "--job", type=_parse_job, default=defaults.job, help="the exporter's job in Prometheus (default: %(default)s)"
    )
    parser.add_argument(
        "--identity",
        type=_parse_identity,
        default=defaults.identity,
        metavar="LABEL[,LABEL]",
        help="labels in which the environments of one Prometheus differ (default: cluster)",
    )
    parser.add_argument(
        "--replica-label",
        type=_parse_replica_labels,
        default=(),
        metavar="LABEL[,LABEL]",
        help=f"labels in which replicas of one exporter differ, beside {', '.join(REPLICA_LABELS)}",
    )
    parser.add_argument(
        "--runbook-url",
        type=_parse_url,
        default=RUNBOOKS,
        metavar="BASE",
        help="where the runbooks are; the name of the alert and .md are appended (default: %(default)s)",
    )
    parser.add_argument(
        "--dashboard-url",
        type=_parse_url,
        default=None,
        metavar="BASE",
        help="Grafana's address, for a link from each alert to the board of its resource (default: no link)",
    )
    parser.add_argument(
        "--format",
        choices=("prometheus", "operator"),
        default="prometheus",
        help="a rule file, or a PrometheusRule for the Prometheus Operator (default: %(default)s)",
    )


def _parse_job(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; give the job_name of the exporter's scrape configuration")
    return text


def _parse_identity(text: str) -> tuple[str, ...]:
    labels = _parse_labels(text)
    for label in labels:
        if label in REPLICA_LABELS:
            raise argparse.ArgumentTypeError(f"{label!r} is a label in which replicas differ, not environments")
    return labels


def _parse_replica_labels(text: str) -> tuple[str, ...]:
    return tuple(label for label in _parse_labels(text) if label not in REPLICA_LABELS)


def _parse_labels(text: str) -> tuple[str, ...]:
    labels = [label.strip() for label in text.split(",")]
    for label in labels:
        if not LABEL_NAME.fullmatch(label) or label.startswith("__"):
            raise argparse.ArgumentTypeError(f"{label!r} is not a label name{_suggest(label)}")
        if label in RULE_LABELS:
            raise argparse.ArgumentTypeError(f"{label!r} is reserved in the rules; choose another label")
    return tuple(dict.fromkeys(labels))


def _suggest(label: str) -> str:
    near = re.sub(r"[^a-zA-Z0-9_]", "_", label).strip("_")
    near = f"_{near}" if near[:1].isdigit() else near
    return f"; the nearest one is {near!r}" if near else ""


def _parse_url(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc or re.search(r"[\s{}'\"<>]", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an address such as https://wiki.example.org/runbooks")
    return text
