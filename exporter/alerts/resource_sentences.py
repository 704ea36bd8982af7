"""Parts of sentences that several alerts about resources share."""

from exporter.alerts.sentences import Form, show

AGE = "min(backup_age_seconds{%s})"
LIMIT = show("max(backup_max_age_seconds{%s})", Form.DURATION, ", limit #")
LIMIT_BY_KIND = show("max(backup_max_age_by_kind_seconds{%s})", Form.DURATION, ", limit #")
LAST_GOOD = show(AGE, Form.DURATION, "; the last good one started # ago")


def compare_with_typical(family: str, form: Form, text: str, otherwise: str) -> str:
    """Return a sentence about the newest backup, and what is typical of its kind."""
    typical = family.replace("last_success", "typical")
    unit = "#B" if form is Form.NUMBER else "#"
    return show(f"max({family}{{%s}})", form, text.replace("#", unit), otherwise) + show(
        f"max({typical}{{%s}})", form, f", usually {unit}"
    )
