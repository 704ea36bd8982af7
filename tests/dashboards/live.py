"""Asks a running Prometheus everything that the dashboards ask, as Grafana would."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.dashboards.shipped_dashboards import DASHBOARDS, substitute, targets, variables

STEPS = 60


@dataclass(frozen=True, slots=True)
class Question:
    """A query and how Grafana sends it."""

    name: str
    expr: str
    over_time: bool = False


def questions() -> Iterator[Question]:
    """Yield the queries of all panels, annotations and variables."""
    for target in targets():
        yield Question(str(target), target.expr, over_time=not target.query.get("instant"))
    for name, dashboard in DASHBOARDS.items():
        for annotation in dashboard["annotations"]["list"]:
            if "expr" in annotation:
                yield Question(f"{name}: annotation {annotation['name']}", annotation["expr"], over_time=True)
        for variable in variables(dashboard).values():
            if selected := re.fullmatch(
                r"(?:label_values|query_result)\((.*?)(?:, \w+)?\)", str(variable.get("query", ""))
            ):
                yield Question(f"{name}: variable {variable['name']}", selected[1])


def answers(prometheus: str, seconds: float = 3600) -> dict[str, int | str]:
    """Return how many series each query gives over the last `seconds`, or in place of a number what went wrong."""
    now = time.time()
    return {question.name: _answer(prometheus, question, now, seconds) for question in questions()}


def errors(count_answers: dict[str, int | str]) -> dict[str, str]:
    return {name: answer for name, answer in count_answers.items() if isinstance(answer, str)}


def empty(count_answers: dict[str, int | str]) -> list[str]:
    return [name for name, answer in count_answers.items() if answer == 0]


def _answer(prometheus: str, question: Question, now: float, seconds: float) -> int | str:
    asked: dict[str, Any] = {"query": substitute(question.expr)}
    if question.over_time:
        path = "query_range"
        asked |= {"start": now - seconds, "end": now, "step": seconds / STEPS}
    else:
        path = "query"
        asked |= {"time": now}
    try:
        with urlopen(f"{prometheus}/api/v1/{path}?{urlencode(asked)}", timeout=30) as response:
            answer = json.load(response)
    except HTTPError as error:
        with error:
            return f"{error.code} {json.load(error).get('error')}"
    return "; ".join(answer["warnings"]) if answer.get("warnings") else len(answer["data"]["result"])
