"""Samples of one scrape of the exporter, and what else could have been scraped."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

_LINE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One series as it is now. The labels' values are as escaped as in the exposition."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float

    def label(self, name: str) -> str:
        """Return a label's value, or nothing."""
        return dict(self.labels).get(name, "")

    def with_labels(self, **labels: str) -> "Sample":
        """Set or replace labels; an empty value removes one."""
        merged = {**dict(self.labels), **labels}
        return replace(self, labels=tuple((name, value) for name, value in merged.items() if value))

    def __str__(self) -> str:
        """Write the series as a selector."""
        labels = ",".join(f'{name}="{value}"' for name, value in self.labels)
        return f"{self.name}{{{labels}}}"


def parse(exposition: str) -> list[Sample]:
    """Read what `/metrics` answers."""
    found = (_LINE.match(line) for line in exposition.splitlines() if not line.startswith("#"))
    return [Sample(each[1], tuple(_LABEL.findall(each[2] or "")), float(each[3])) for each in found if each]


def at(samples: Iterable[Sample], instance: str = "backup-exporter:10342") -> list[Sample]:
    """Add what Prometheus adds: `up`, `job` and `instance`."""
    target = {"job": "backup-exporter", "instance": instance}
    return [Sample("up", (), 1).with_labels(**target), *(each.with_labels(**target) for each in samples)]


def keep_one(samples: Iterable[Sample], source: str) -> list[Sample]:
    """Watch one source alone."""
    return [each for each in samples if each.label("source") in {"", source}]


def multiply(samples: Sequence[Sample], source: str, many: int) -> list[Sample]:
    """Give one source so many resources, each like one that it has."""
    own = [each for each in samples if each.label("source") == source and each.label("resource")]
    names = sorted({each.label("resource") for each in own})
    rest = [each for each in samples if each not in set(own)]
    return rest + [
        each.with_labels(
            resource=f"{name}-{number}",
            **({"resource_name": f"{each.label('resource_name')} {number}"} if each.label("resource_name") else {}),
        )
        for number in range(many)
        for name in [names[number % len(names)]]
        for each in own
        if each.label("resource") == name
    ]


def lengthen_names(samples: Iterable[Sample], length: int = 200) -> list[Sample]:
    """Give every resource a name of so many letters."""

    def longer(name: str) -> str:
        return (name + " of the department for things that have very long names" * length)[:length]

    return [
        each.with_labels(resource_name=longer(name)) if (name := each.label("resource_name")) else each
        for each in samples
    ]


def take_down(samples: Iterable[Sample], source: str, now: float, hours: float = 3.0) -> list[Sample]:
    """Let a source be down for some hours."""
    changed: dict[str, Callable[[float], float]] = {
        "backup_source_up": lambda _: 0.0,
        "backup_poll_last_success_timestamp_seconds": lambda _: now - hours * HOUR,
        "backup_resource_up": lambda _: 0.0,
    }
    made = [
        replace(each, value=changed[each.name](each.value))
        if each.name in changed and each.label("source") == source
        else each
        for each in samples
    ]
    (up,) = (each for each in made if each.name == "backup_source_up" and each.label("source") == source)
    down = replace(up, name="backup_source_problem", value=1.0).with_labels(problem="down", severity="warning")
    failure = replace(up, name="backup_source_failure", value=1.0).with_labels(reason="server_error")
    return [*made, down, failure]


def leave_out(samples: Iterable[Sample], patterns: Sequence[str]) -> list[Sample]:
    """Leave out families, as `metrics.exclude` does."""
    return [each for each in samples if not any(fnmatchcase(each.name, pattern) for pattern in patterns)]
