"""Reads an exposition back, as far as the fault matrix compares it."""

import re
from collections.abc import Iterable, Mapping

SERIES = re.compile(r"([a-z_]+)(?:\{(.*)\})? (\S+)")
VOLATILE = re.compile(
    r"(backup_age_seconds|backup_poll|backup_api|backup_source_(up|failure|limit|unreadable|problem|worst)|"
    r"backup_resource_(up|failure|problem|worst)|backup_exporter|process_|python_)"
)
"""What says how the requests went, or the time, and the verdict that follows; everything else is what is known."""


class Exposition:
    """The samples of one scrape."""

    def __init__(self, text: str) -> None:
        """Parse the text format."""
        self.samples: dict[tuple[str, str], float] = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                found = SERIES.fullmatch(line)
                assert found is not None, line
                self.samples[found[1], found[2] or ""] = float(found[3])

    def value(self, name: str, **labels: str) -> float | None:
        """Return the one sample that has these labels; None if there is none."""
        found = self.all(name, **labels)
        assert len(found) <= 1, found
        return next(iter(found.values()), None)

    def all(self, name: str, **labels: str) -> dict[str, float]:
        """Return the samples of a family that have these labels, by their labels as written."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return {
            written: value
            for (family, written), value in self.samples.items()
            if family == name and all(pair in written.split(",") for pair in wanted)
        }

    def known(self, source: str) -> dict[tuple[str, str], float]:
        """Return what is known of a source's resources, whatever became of the last poll."""
        pair = f'source="{source}"'
        return {key: value for key, value in self.samples.items() if pair in key[1] and VOLATILE.match(key[0]) is None}

    def resources(self, source: str) -> set[str]:
        """Return the ids of a source's resources."""
        return self._labels(self.all("backup_resource_info", source=source), "resource")

    def up(self, source: str) -> set[str]:
        """Return the ids of the resources that were read."""
        found = self.all("backup_resource_up", source=source)
        return self._labels((key for key, value in found.items() if value == 1), "resource")

    def failing(self, source: str) -> dict[str, str]:
        """Return the reasons of the resources that fail, by id."""
        return {
            self._label(key, "resource"): self._label(key, "reason")
            for key in self.all("backup_resource_failure", source=source)
        }

    def source_failure(self, source: str) -> str | None:
        """Return why a source is down."""
        reasons = self._labels(self.all("backup_source_failure", source=source), "reason")
        assert len(reasons) <= 1
        return next(iter(reasons), None)

    def count(self, name: str, source: str) -> dict[str, float]:
        """Return a counter by its reason, where it is not zero."""
        found = self.all(name, source=source)
        return {self._label(key, "reason"): value for key, value in found.items() if value}

    def id_of(self, source: str, name: str) -> str:
        """Return the id of the resource of this name."""
        found = self.all("backup_resource_info", source=source, resource_name=name)
        (written,) = found
        return self._label(written, "resource")

    @staticmethod
    def _label(written: str, label: str) -> str:
        found = re.search(rf'(?:^|,){label}="([^"]*)"', written)
        assert found is not None, written
        return found[1]

    def _labels(self, written: Iterable[str], label: str) -> set[str]:
        return {self._label(one, label) for one in written}


def grown(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return by how much counters have grown."""
    changes = {key: value - before.get(key, 0.0) for key, value in after.items()}
    return {key: value for key, value in changes.items() if value}
