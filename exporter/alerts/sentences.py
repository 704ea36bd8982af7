"""Makes the parts of an alert's sentences that carry a number, in Prometheus' template language.

A number comes from a query for the very resource of the alert. Where the query has no answer, because the family is
not exposed (`metrics.exclude`), the part is left out or replaced, so that the sentence stays whole.
https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
"""

from enum import StrEnum

OF = "$of"
"""The template variable with the label matchers of the alert's resource or source."""
RESOURCE_TITLE = "{{ $labels.resource_name }} ({{ $labels.provider }}, {{ $labels.source }}): "
SOURCE_TITLE = "{{ $labels.source }} ({{ $labels.provider }}): "
INSTANCE_TITLE = "{{ $labels.instance }}: "
KIND = "{{ with $labels.kind }}{{ . }} {{ end }}"
"""The kind of the backup and a space, or nothing where the vendor makes no difference."""


class Form(StrEnum):
    """How a number is written."""

    DURATION = r'humanizeDuration | reReplaceAll " (0|\\d+s).*" ""'
    """Without seconds, and without what follows a zero: 9d, 1d 2h, 15m."""
    NUMBER = "humanize"
    """Decimal, with its prefix: 3, 1.2G."""
    PERCENT = 'printf "%.0f"'


def show(query: str, form: Form, text: str, otherwise: str = "") -> str:
    """Return `text` with the result of a query in place of `#`, or `otherwise` if the query has no result.

    In the query, `%s` stands for the label matchers.
    """
    value = f"{{{{ . | first | value | {form.value} }}}}"
    instead = f"{{{{ else }}}}{otherwise}" if otherwise else ""
    return f"{{{{ with printf `{query}` {OF} | query }}}}{text.replace('#', value)}{instead}{{{{ end }}}}"


def list_reasons(family: str) -> str:
    """Return a colon and the reasons for which a resource or source cannot be read now, or nothing."""
    query = f"count by (reason) ({family}{{%s}} == 1)"
    reasons = "{{ range . }} {{ .Labels.reason }}{{ end }}"
    return f"{{{{ with printf `{query}` {OF} | query }}}}:{reasons}{{{{ end }}}}"


def define_matchers(text: str, labels: tuple[str, ...]) -> str:
    """Return a template that begins with the matchers on these labels, if it asks for any."""
    if OF not in text:
        return text
    matchers = ",".join(f"{label}=%q" for label in labels)
    values = " ".join(f"$labels.{label}" for label in labels)
    return f'{{{{ {OF} := printf "{matchers}" {values} }}}}{text}'
