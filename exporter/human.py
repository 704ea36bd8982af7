"""Writes numbers for people to read: rounded, with the unit that suits."""


def span(seconds: float) -> str:
    """Return a span of time in its two largest units: `3d 4h`, `12m 5s`, `0s`."""
    rest = round(seconds)
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def size(amount: float) -> str:
    """Return a number of bytes with three digits or so: `17.5 GB`."""
    value = float(amount)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 999.5:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} PB" if value < 999.5 else f"{value:.0f} PB"
