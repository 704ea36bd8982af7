"""A week behind one scrape: what the same series could have been at any time before."""

import json
import math
import re
import subprocess
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from render.samples import HOUR, Sample
from stack.programs import find_program

ROOT = Path(__file__).parents[1]
DAY = 24 * HOUR
CONSTANT = re.compile(
    r"_info|process_start|_created_|_first_seen_|config_last_reload|process_max|_max_age|_min_|python"
)
COUNTER = re.compile(r"_(total|bucket|sum|count)$")
RULES = yaml.safe_load((ROOT / "alerts" / "backups.yml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Span:
    """How far back and how close together the samples are."""

    resources: float = 7 * DAY
    resource_step: float = 20 * 60.0
    exporter: float = 25 * HOUR
    exporter_step: float = 60.0


def _chance(*words: object) -> int:
    """Return a number that is the same in every run."""
    return zlib.crc32(repr(words).encode())


def _find_start(sample: Sample, now: float) -> float:
    """Return since when a problem has been there: one hour to three days ago."""
    return now - HOUR * (1 + _chance(sample.label("resource"), sample.label("problem")) % 72)


def _backup_time(sample: Sample, moment: float) -> float:
    period = DAY if moment - sample.value > -30 * DAY else 7 * DAY
    return (
        sample.value if sample.value <= moment else sample.value - period * math.ceil((sample.value - moment) / period)
    )


def _status(sample: Sample, moment: float, now: float) -> float:
    """Let a run have failed now and then."""
    night, hour = divmod(now - moment, DAY)
    if night >= 1 and hour < 8 * HOUR and _chance(sample.label("resource"), night) % 11 == 0:
        return float(sample.label("status") == "failed")
    return sample.value


def _since_it_began(sample: Sample, moment: float, now: float) -> float | None:
    return sample.value if moment >= _find_start(sample, now) else None


def _count(sample: Sample, moment: float, now: float) -> float:
    return sample.value * max(0.0, 1 + (moment - now + 7 * DAY) / 600)


def _last_poll(sample: Sample, moment: float, now: float) -> float:
    return min(sample.value if now - sample.value > HOUR else moment - 1, moment - 1)


def _up(sample: Sample, moment: float, now: float) -> float:
    return sample.value or float(moment < now - 3 * HOUR)


def _keep(sample: Sample, _moment: float, _now: float) -> float:
    return sample.value


def _progress(sample: Sample, moment: float, now: float) -> float | None:
    return max(0.0, sample.value - (now - moment) / 90) if now - moment < HOUR else None


def _wave(sample: Sample, moment: float, _now: float) -> float:
    return sample.value * (1 + 0.04 * math.sin(moment / DAY + _chance(sample.name, sample.label("resource"))))


PAST: Sequence[tuple[str, Callable[[Sample, float, float], float | None]]] = (
    (r"_problem$|source_failure$|^resource:", _since_it_began),
    (r"_(total|bucket|sum|count)$", _count),
    (r"^backup_poll_last_success_", _last_poll),
    (r"^backup_(source|resource)_up$", _up),
    (r"_info$|process_start|_created_|_first_seen_|config_last_reload|process_max|_max_|_min_", _keep),
    (r"_status$", _status),
    (r"_timestamp_seconds$", lambda sample, moment, _: _backup_time(sample, moment)),
    (r"_percent$", _progress),
    (r"_bytes$|_duration_seconds$", _wave),
    (r"", _keep),
)
"""What the first name that fits was at a moment before now; None where there was no such series."""


def value_at(name: str) -> Callable[[Sample, float, float], float | None]:
    """Return how to find what a metric was."""
    return next(past for pattern, past in PAST if re.search(pattern, name))


def _find_queried_names() -> frozenset[str]:
    """Return the names of all metrics that a dashboard or a rule reads."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "dashboards").glob("*.json")]
    return frozenset(
        re.findall(r"\b(?:backup_\w+|process_\w+|up|resource:\w+:current)\b", " ".join((*texts, str(RULES))))
    )


def add_recorded_series(samples: Iterable[Sample]) -> list[Sample]:
    """Add what the rules record, with which the alerts ask."""
    current = {
        str(made): made
        for each in samples
        if each.name == "backup_resource_problem"
        for made in [Sample("resource:backup_resource_problem:current", each.labels, 1.0).with_labels(instance="")]
    }
    return [*samples, *current.values()]


def lines(samples: Sequence[Sample], now: float, span: Span) -> Iterator[str]:
    """Yield the week in OpenMetrics' text, series by series."""
    asked = _find_queried_names()
    for sample in samples:
        if sample.name not in asked:
            continue
        is_resource = bool(sample.label("resource"))
        length, step = (span.resources, span.resource_step) if is_resource else (span.exporter, span.exporter_step)
        begin, series, past = now - length, str(sample), value_at(sample.name)
        for number in range(int(length / step) + 1):
            moment = begin + number * step
            if (value := past(sample, moment, now)) is not None:
                yield f"{series} {value:.15g} {moment:.3f}\n"
    yield "# EOF\n"


def write_blocks(text: Iterable[str], folder: Path) -> None:
    """Make blocks of the samples, by promtool."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder.with_suffix(".om")
    with source.open("w", encoding="utf-8") as file:
        file.writelines(text)
    command = ["tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=672h"]
    program = [find_program("promtool", "prometheus"), *command, str(source), str(folder)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"promtool: {done.stderr[-500:]}")
    source.unlink()


def _over_time(prometheus: str, expr: str, begin: float, end: float, step: float) -> list[dict[str, Any]]:
    asked = urlencode({"query": expr, "start": begin, "end": end, "step": step})
    with urlopen(f"{prometheus}/api/v1/query_range?{asked}", timeout=60) as response:  # noqa: S310
        found: list[dict[str, Any]] = json.load(response)["data"]["result"]
    return found


def _labels(rule: Mapping[str, Any], series: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in series.items() if name != "__name__"}
    own = {
        name: series.get(value.strip("{} ").removeprefix("$labels."), "") if value.startswith("{{") else value
        for name, value in rule["labels"].items()
    }
    return {**kept, **own, "alertname": rule["alert"]}


def alert_lines(prometheus: str, now: float) -> Iterator[str]:
    """Yield what `ALERTS` and `ALERTS_FOR_STATE` were: when each rule's own query had an answer."""
    step = 600.0
    for rule in (rule for group in RULES["groups"] for rule in group["rules"] if "alert" in rule):
        for series in _over_time(prometheus, rule["expr"], now - 3 * DAY, now, step):
            begin = end = float(series["values"][-1][0])
            for moment, _ in reversed(series["values"]):
                begin = float(moment) if begin - float(moment) <= step else begin
            if now - end > step:
                continue
            labels = [(key, json.dumps(value)[1:-1]) for key, value in _labels(rule, series["metric"]).items()]
            state = Sample("ALERTS_FOR_STATE", tuple(labels), begin)
            firing = Sample("ALERTS", (*labels, ("alertstate", "firing")), 1.0)
            for sample in (firing, state):
                for number in reversed(range(int((now - begin) / step) + 1)):
                    yield f"{sample} {sample.value:.15g} {now - number * step:.3f}\n"
    yield "# EOF\n"
