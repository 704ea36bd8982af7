"""How long a real Prometheus evaluates the shipped rules, with the rules before the verdict as the reference."""

import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from benchmarks.children import running
from benchmarks.client import body
from benchmarks.figures import Figure
from benchmarks.size import Size
from stack.programs import find_program, free_port

ROOT = Path(__file__).parents[1]
SHIPPED = (ROOT / "alerts" / "backups.yml", ROOT / "alerts" / "collection.yml")
BEFORE = (ROOT / "benchmarks" / "testdata" / "rules_before.yml",)
TARGET = "benchmarks.rules_target"
FEW = 100
DEADLINE = 900.0
SETTLED = 2
"""So many evaluations are left out: the first ones find no recorded series, or no scrape."""


def rules(size: Size) -> Iterator[Figure]:
    """Compare with a few resources that have problems, then with all of them."""
    for troubled in (min(FEW, size.resources // 10), size.resources):
        yield Figure(
            benchmark="rules",
            what=f"evaluation for {size.resources} resources, {troubled} with problems",
            reference="the previous rules",
            unit="s",
            ours=_evaluate(SHIPPED, size, troubled),
            theirs=_evaluate(BEFORE, size, troubled),
            goal=100 if troubled < size.resources else None,
            inverted=True,
        )


def _evaluate(files: Sequence[Path], size: Size, troubled: int) -> list[float]:
    """Return how long each of some evaluations of all groups took, by Prometheus' own clock."""
    with TemporaryDirectory(prefix="backup-bench-") as folder, _prometheus(files, Path(folder), size, troubled) as port:
        taken: dict[str, dict[float, float]] = defaultdict(dict)
        began = time.monotonic()
        while not taken or any(len(times) < SETTLED + size.few for times in taken.values()):
            if time.monotonic() - began > DEADLINE:
                raise RuntimeError(f"too few evaluations within {DEADLINE:.0f} s")
            time.sleep(1)
            for group, at, seconds in _read_durations(port):
                taken[group][at] = seconds
        rounds = zip(*(list(times.values())[SETTLED:] for times in taken.values()), strict=False)
        return [sum(each) for each in rounds][: size.few]


@contextmanager
def _prometheus(files: Sequence[Path], folder: Path, size: Size, troubled: int) -> Iterator[int]:
    port = free_port()
    with running("-m", TARGET, str(size.resources), str(troubled)) as target:
        interval = f"{round(3 * size.seconds)}s"  # the rules before need up to 11 seconds at full size
        names = [_hasten(path, folder) for path in files]
        static = {"targets": [f"127.0.0.1:{target.read_line()['port']}"]}
        scrape = {"job_name": "backup-exporter", "scrape_interval": interval, "static_configs": [static]}
        configuration = {
            "global": {"evaluation_interval": interval, "scrape_timeout": interval},
            "rule_files": names,
            "scrape_configs": [scrape],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        command = [
            find_program("prometheus", "prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - found by its name
            try:
                yield port
            finally:
                process.terminate()
                process.wait()


def _hasten(path: Path, folder: Path) -> str:
    """Copy a rule file, with groups that are evaluated more often; alerts fire at the second evaluation."""
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for group in document["groups"]:
        group.pop("interval", None)
        for rule in group["rules"]:
            if "for" in rule:
                rule["for"] = "10s"
    (folder / path.name).write_text(yaml.safe_dump(document, sort_keys=False))
    return path.name


def _read_durations(port: int) -> Iterator[tuple[str, float, float]]:
    """Yield each group with the time and the duration of its last evaluation, once it has had one."""
    values: dict[str, dict[str, float]] = defaultdict(dict)
    with suppress(OSError):
        for line in body(port, "/metrics").decode().splitlines():
            for kind in ("last_evaluation_timestamp_seconds", "last_duration_seconds"):
                if line.startswith(f"prometheus_rule_group_{kind}{{"):
                    group, value = line.rsplit(" ", 1)
                    values[group.partition("{")[2]][kind] = float(value)
    for group, found in values.items():
        if (at := found.get("last_evaluation_timestamp_seconds", 0.0)) > 0:
            yield group, at, found["last_duration_seconds"]
