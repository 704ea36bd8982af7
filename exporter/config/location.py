"""Locations in the configuration, and the problems found there."""

import json
import re
from dataclasses import dataclass, field
from typing import Protocol

Step = str | int
"""From a mapping to what stands under a key, or from a list to one of its elements."""
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LONGEST_KEY = 60


class Lines(Protocol):
    """Finds the line of each value of a text."""

    def line(self, steps: tuple[Step, ...]) -> int | None:
        """Return the line, from 1, of what the steps lead to, or of what comes closest."""
        ...

    def name(self, steps: tuple[Step, ...]) -> str | None:
        """Return the text under the key `name` of the mapping that the steps lead to."""
        ...


@dataclass(slots=True)
class Report:
    """All that was found, in the order of finding: problems forbid the configuration, warnings do not."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    file: str | None = None
    """The file that is read, as it was named; with it each problem begins with the file and the line."""
    lines: Lines | None = field(default=None, repr=False)

    def at_line(self, line: int | None, text: str) -> str:
        """Return a text with the place that it is about."""
        if self.file is None:
            return text if line is None else f"line {line}: {text}"
        return f"{self.file}: {text}" if line is None else f"{self.file}:{line}: {text}"

    def name(self, steps: tuple[Step, ...]) -> str | None:
        """Return the name of what the steps lead to, where problems show it."""
        return None if self.file is None or self.lines is None else self.lines.name(steps)

    def at(self, steps: tuple[Step, ...], text: str) -> str:
        """Return a text with the file and the line of a value."""
        if self.file is None or self.lines is None:
            return text
        return self.at_line(self.lines.line(steps), text)


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the configuration, as messages show it: `sources[0].labels.squad`."""

    report: Report
    path: str = ""
    steps: tuple[Step, ...] = ()

    def key(self, key: object, shown: str | None = None) -> "Location":
        """Return the location of a key of the mapping here; `shown` is the key's name in problems."""
        word = str(key) if shown is None else shown
        if not _PLAIN_KEY.fullmatch(word):
            path = f"{self.path}[{json.dumps(word[:_LONGEST_KEY])}]"
        else:
            path = f"{self.path}.{word}" if self.path else word
        return Location(self.report, path, (*self.steps, str(key)))

    def item(self, number: int) -> "Location":
        """Return the place of an element of the list that stands here; a source is shown with its name."""
        steps = (*self.steps, number)
        name = self.report.name(steps) if self.steps == ("sources",) else None
        return Location(self.report, f"{self.path}[{number}]" + (f" ({name})" if name else ""), steps)

    def problem(self, text: str) -> None:
        """Report what is wrong here and how to fix it."""
        self.report.problems.append(self.report.at(self.steps, f"{self.path or 'the configuration'}: {text}"))

    def warning(self, text: str) -> None:
        """Report what is allowed here but probably not intended."""
        self.report.warnings.append(self.report.at(self.steps, f"{self.path or 'the configuration'}: {text}"))
