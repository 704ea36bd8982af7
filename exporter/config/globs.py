"""Reads a glob of resources, and warns about one that its author probably did not intend."""

import re
from typing import Any

from exporter.config.location import Location
from exporter.config.values import Parser, parse_text


def make_glob_parser(consequence: str) -> Parser[str]:
    """Make the parser of a glob that warns of one that every name matches."""

    def read(value: Any, location: Location) -> str:
        pattern = parse_text(value, location)
        if not pattern.replace("*", "").removeprefix("?"):
            location.warning(f"this glob matches every name, so {consequence}")
        elif (sign := _find_regular_expression(pattern)) is not None:
            location.warning(f"looks like a regular expression ({sign}), but is a glob: *, ?, [abc] and [!abc]")
        return pattern

    return read


def _find_regular_expression(pattern: str) -> str | None:
    """Return the part of a glob that has a meaning only in a regular expression."""
    signs = [sign for sign in ("^", "$", "|", ".*", ".+", "\\") if sign in re.sub(r"\[!?[^\]]+\]", "", pattern)]
    if re.search(r"\[(?!!?\]?[^\]]*\])", pattern):
        signs.append("an unclosed [")
    return signs[0] if signs else None
