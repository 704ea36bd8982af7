"""Writes groups of rules as YAML: a rule file of Prometheus, or a PrometheusRule of the Prometheus Operator."""

import textwrap
from collections.abc import Iterable, Iterator

from exporter.alerts.rules import INTERVAL, KEEP_FIRING, Group, Rule

WIDTH = 120
OPERATOR_HEAD = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: backup-exporter
  labels:
    app.kubernetes.io/name: backup-exporter
spec:
"""


def write_rule_file(groups: Iterable[Group]) -> str:
    """Return a rule file for Prometheus, Mimir or vmalert."""
    return "\n".join(["groups:", *_write_groups(groups, "  ")]) + "\n"


def write_prometheus_rule(groups: Iterable[Group]) -> str:
    """Return a PrometheusRule."""
    return OPERATOR_HEAD + "\n".join(["  groups:", *_write_groups(groups, "    ")]) + "\n"


def _write_groups(groups: Iterable[Group], margin: str) -> Iterator[str]:
    for number, group in enumerate(groups):
        if number:
            yield ""
        yield f"{margin}- name: {group.name}"
        yield f"{margin}  interval: {INTERVAL}"
        yield f"{margin}  rules:"
        for index, rule in enumerate(group.rules):
            if index:
                yield ""
            yield from _write_rule(rule, f"{margin}    ")


def _write_rule(rule: Rule, margin: str) -> Iterator[str]:
    inner = f"{margin}  "
    yield from _fold(f"{rule.comment}.", f"{margin}# ")
    yield f"{margin}- record: {rule.record}" if rule.record else f"{margin}- alert: {rule.alert}"
    yield from _write_text("expr", rule.expr, inner)
    if not rule.alert:
        return
    if rule.wait:
        yield f"{inner}for: {rule.wait}"
    yield f"{inner}keep_firing_for: {KEEP_FIRING}"
    yield f"{inner}labels:"
    yield f"{inner}  severity: {_quote(rule.severity)}"
    yield f"{inner}annotations:"
    for name, text in rule.annotations.items():
        yield from _write_text(name, text, f"{inner}  ")


def _write_text(key: str, text: str, margin: str) -> Iterator[str]:
    line = f"{margin}{key}: {text}"
    if "\n" in text or (key == "expr" and not _is_plain(line)):
        yield f"{margin}{key}: |-"
        yield from (f"{margin}  {line}" for line in text.splitlines())
    elif "{{" not in text and _is_plain(line):
        yield line
    else:
        yield f"{margin}{key}: >-"
        yield from _fold(text, f"{margin}  ")


def _is_plain(line: str) -> bool:
    """Return whether a line needs no block: it is short, and has nothing that YAML reads as a comment or a key."""
    return len(line) <= WIDTH and " #" not in line and line.count(": ") == 1


def _fold(text: str, margin: str) -> list[str]:
    """Break a text at single spaces; a folded scalar joins the lines by a space again."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=margin,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _quote(text: str) -> str:
    return text if text.isidentifier() else f"'{text}'"
