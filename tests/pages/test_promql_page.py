"""Asks a real Prometheus each question of docs/promql.md, over eight days of two replicas whose answers are known."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stack.programs import find_program, free_port, running, wait_for_answer
from tests.history.test_on_prometheus import ask, make_blocks
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "promql.md").read_text()
QUESTIONS = dict(re.findall(r"^## (\d+)\. .*?^```promql\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
HOUR, DAY, STEP = 3600, 86400, 600
DAYS = 8
Values = Callable[[float], float]
"""The value of a series so many seconds before the end."""

pytestmark = pytest.mark.slow


def steady(value: float) -> Values:
    return lambda _: value


SERIES: list[tuple[str, dict[str, str], Values]] = [
    # orders was within its limit in the second half of the last week, ledger always.
    ("backup_age_seconds", {"resource": "orders"}, lambda back: HOUR if back < 3.5 * DAY else 30 * HOUR),
    ("backup_age_seconds", {"resource": "ledger"}, steady(6 * HOUR)),
    ("backup_age_seconds", {"resource": "unlimited"}, steady(DAY)),
    ("backup_max_age_seconds", {"resource": "orders"}, steady(DAY)),
    ("backup_max_age_seconds", {"resource": "ledger"}, steady(DAY)),
    ("backup_resource_info", {"resource": "orders", "resource_name": "Orders"}, steady(1)),
    ("backup_resource_info", {"resource": "ledger", "resource_name": "Ledger"}, steady(1)),
    ("backup_resource_problem", {"resource": "ledger", "problem": "too_few", "severity": "warning"}, steady(1)),
    ("backup_resource_worst_severity", {"resource": "orders"}, steady(1)),
    ("backup_resource_worst_severity", {"resource": "ledger"}, steady(2)),
    ("backup_resource_worst_severity", {"resource": "unlimited"}, steady(3)),
    ("backup_stored_bytes", {"resource": "orders"}, steady(1000)),
    ("backup_stored_bytes", {"resource": "ledger"}, steady(500)),
    (
        "backup_last_success_size_bytes",
        {"resource": "orders", "kind": "full"},
        lambda back: 50 if back < 7 * DAY else 100,
    ),
    ("backup_last_success_duration_seconds", {"resource": "orders", "kind": "full"}, steady(240)),
    ("backup_typical_duration_seconds", {"resource": "orders", "kind": "full"}, steady(120)),
    # Two failures within the last day, and one before it.
    ("backup_last_failure_timestamp_seconds", {"resource": "orders"}, lambda back: -((back + 2 * HOUR) // (10 * HOUR))),
    ("backup_api_requests_total", {"code": "200"}, lambda back: (DAYS * DAY - back) / STEP),
    ("backup_api_requests_total", {"code": "none"}, steady(7)),
]
RENAMED = "Orders, renamed"
SOURCE = {"provider": "p", "source": "s"}
ORDERS, LEDGER = {"source": "s", "resource": "orders"}, {"source": "s", "resource": "ledger"}
UNLIMITED = {"source": "s", "resource": "unlimited"}
FULL = {**ORDERS, "kind": "full"}
ANSWERS: dict[str, list[tuple[dict[str, str], float]]] = {
    "1": [({**ORDERS, "resource_name": "Orders"}, HOUR), ({**LEDGER, "resource_name": "Ledger"}, 6 * HOUR)],
    "2": [(ORDERS, 1 / 24), (LEDGER, 1 / 4)],
    "3": [({**LEDGER, "problem": "too_few", "severity": "warning"}, 1)],
    "4": [({}, 2)],
    "5": [(ORDERS, 0.5), (LEDGER, 1)],
    "6": [(SOURCE, 1500)],
    "7": [(FULL, 0.5)],
    "8": [(FULL, 2)],
    "9": [(ORDERS, 2)],
    "10": [({"source": "s", "code": "200"}, 12), ({"source": "s", "code": "none"}, 0)],
}
"""Each question's answer; of the tenth each replica sends its own requests."""


def write_past(path: Path, end: float) -> None:
    """Write the series of both replicas as OpenMetrics; a rename has reached only one of them."""
    with path.open("w") as file:
        for name in dict.fromkeys(name for name, _, _ in SERIES):
            counter = name.removesuffix("_total") != name
            file.write(f"# TYPE {name.removesuffix('_total')} {'counter' if counter else 'gauge'}\n")
            file.writelines(line for each in SERIES if each[0] == name for line in find_samples(each, end))
        file.write("# EOF\n")


def find_samples(series: tuple[str, dict[str, str], Values], end: float) -> Iterator[str]:
    name, labels, value = series
    for instance in ("a", "b"):
        ours = labels | {"job": "backup-exporter", "instance": instance, **SOURCE}
        if "resource_name" in ours and instance == "b" and ours["resource"] == "orders":
            ours["resource_name"] = RENAMED
        text = ",".join(f'{key}="{text}"' for key, text in ours.items())
        for back in range(DAYS * DAY, -1, -STEP):
            yield f"{name}{{{text}}} {value(back):g} {end - back:.0f}\n"


async def answer_all(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return what a Prometheus that holds the past answers to each question at its end."""
    end = (time.time() - 4 * HOUR) // STEP * STEP
    write_past(folder / "past.om", end)
    make_blocks(folder / "past.om", folder / "blocks")
    (folder / "prometheus.yml").write_text("global: {}\n")
    base = f"http://127.0.0.1:{free_port()}"
    flags = (
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'blocks'}",
        "--storage.tsdb.retention.time=1y",
        f"--web.listen-address={base.removeprefix('http://')}",
    )
    async with running("prometheus", find_program("prometheus", "prometheus"), *flags, folder=folder) as program:
        await wait_for_answer(program, f"{base}/-/ready")
        return {number: await ask(base, query, end) for number, query in QUESTIONS.items()}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    return asyncio.run(answer_all(tmp_path_factory.mktemp("prometheus")))


def unrenamed(metric: dict[str, str]) -> dict[str, str]:
    return {key: text.replace(RENAMED, "Orders") for key, text in metric.items()}


def test_there_are_ten_questions() -> None:
    assert list(QUESTIONS) == list(ANSWERS) == [str(number) for number in range(1, 11)]


@pytest.mark.parametrize("number", ANSWERS)
def test_prometheus_answers_the_question(answers: dict[str, list[dict[str, Any]]], number: str) -> None:
    found = {frozenset(unrenamed(each["metric"]).items()): float(each["value"][1]) for each in answers[number]}
    expected = {frozenset(labels.items()): value for labels, value in ANSWERS[number]}

    assert found == {labels: pytest.approx(value, rel=0.005) for labels, value in expected.items()}
