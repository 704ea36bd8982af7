"""Reads and writes instants and spans as the reports show them."""

from datetime import UTC, datetime

EARLIEST, LATEST = 0.0, 253402300799.0


def format_iso(instant: float) -> str:
    """Return an instant as ISO 8601 in UTC, with milliseconds only where it has some."""
    rounded = round(min(max(instant, EARLIEST), LATEST), 3)
    finest = "seconds" if rounded == int(rounded) else "milliseconds"
    return datetime.fromtimestamp(rounded, UTC).isoformat(timespec=finest).replace("+00:00", "Z")


def parse(text: str) -> float:
    """Return the Unix seconds of an ISO 8601 time, which is UTC if it names no zone; ValueError for any other text."""
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
