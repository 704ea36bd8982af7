"""Texts of the page about states, problems and instants."""

from datetime import UTC, datetime

SHAPES = {"critical": "▲", "warning": "◆", "info": "●", "fine": "✓", "paused": "‖"}
"""A shape beside each colour, since colour alone is not seen by everyone."""

REASONS = {
    "unauthorized": "the vendor rejects the credentials",
    "forbidden": "the credentials lack the right to read this",
    "not_found": "the vendor does not know it",
    "rate_limited": "the vendor's rate limit is used up",
    "timeout": "the vendor does not answer in time",
    "connection": "no connection to the vendor",
    "tls": "the vendor's certificate is refused, or TLS fails",
    "server_error": "the vendor returns a server error",
    "malformed": "the vendor's answer cannot be understood",
    "internal": "an error in the exporter; its log has the details",
}
"""What the reasons of a failure mean."""


def write_time(instant: float) -> str:
    """Return an instant in UTC, such as `2026-11-25 20:14`; the bare number where no calendar holds it."""
    try:
        return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return f"{instant:.0f}"


def write_clock(instant: float) -> str:
    """Return the time of day in UTC, such as `20:14:07 UTC`."""
    return datetime.fromtimestamp(instant, UTC).strftime("%H:%M:%S UTC")


def write_problem(word: str, kind: str = "") -> str:
    """Return a problem's word for people: `too_old_by_kind` of the kind dump is "too old: dump"."""
    words = word.removesuffix("_by_kind").replace("_", " ")
    return f"{words}: {kind}" if kind else words


def write_reason(reason: str) -> str:
    """Return the explanation of a failure's reason."""
    return REASONS.get(reason, reason)


def cut(text: str, length: int) -> str:
    """Return a text cut to a number of characters, with an ellipsis if it is cut."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
