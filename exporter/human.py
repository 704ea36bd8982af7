"""Writes numbers for people to read: rounded, with the unit that suits."""

UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def span(seconds: float) -> str:
    """Return a span of time in its largest unit and the one below: `3d 4h`, `12m 5s`, `2d`, `0s`."""
    rest = round(seconds)
    largest = next((at for at, (_, length) in enumerate(UNITS) if rest >= length), len(UNITS) - 1)
    parts = []
    for unit, length in UNITS[largest : largest + 2]:
        count, rest = divmod(rest, length)
        parts.append((count, unit))
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def size(amount: float) -> str:
    """Return a number of bytes with three digits or so: `17.5 GB`."""
    value = float(amount)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 999.5:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} PB" if value < 999.5 else f"{value:.0f} PB"


def count(number: int, noun: str) -> str:
    """Return a number of things: `1 backup`, `3 backups`."""
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


_SPELLED = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def duration(seconds: float) -> str:
    """Return a span of time as a sentence has it, to two digits or so: `9 h`, `20 min`, `26 h`, `2 d 5 h`, `40 s`."""
    rest = round(max(0.0, seconds))
    at = next((at for at, (_, length) in enumerate(_SPELLED) if rest >= length), len(_SPELLED) - 1)
    at = 1 if rest < 2 * _SPELLED[0][1] and at == 0 else at  # hours up to two days
    unit, length = _SPELLED[at]
    count, rest = divmod(rest, length)
    if count < 10 and at + 1 < len(_SPELLED):
        below, shorter = _SPELLED[at + 1]
        if few := rest // shorter:
            return f"{count} {unit} {few} {below}"
    return f"{count} {unit}"
