"""Keeps where in the configuration one is, and what was found wrong there."""

import json
import re
from dataclasses import dataclass, field

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LONGEST_KEY = 60


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found, in the order of finding: problems forbid the configuration, warnings do not."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the configuration, as a user would point at it: `sources[0].labels.squad`."""

    report: Report
    path: str = ""

    def key(self, key: object) -> "Location":
        """Return the place of a key of the mapping that stands here."""
        shown = str(key)
        if not _PLAIN_KEY.fullmatch(shown):
            return Location(self.report, f"{self.path}[{json.dumps(shown[:_LONGEST_KEY])}]")
        return Location(self.report, f"{self.path}.{shown}" if self.path else shown)

    def item(self, number: int) -> "Location":
        """Return the place of an element of the list that stands here."""
        return Location(self.report, f"{self.path}[{number}]")

    def problem(self, text: str) -> None:
        """Note what is wrong here and how to mend it."""
        self.report.problems.append(f"{self.path or 'the configuration'}: {text}")

    def warning(self, text: str) -> None:
        """Note what is allowed here but probably not meant."""
        self.report.warnings.append(f"{self.path or 'the configuration'}: {text}")
