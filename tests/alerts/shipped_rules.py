"""Reads the shipped rules."""

from collections.abc import Iterator
from typing import Any

import yaml

from alerts import RULE_FILES
from tests.alerts.programs import ALERTS as FOLDER
from tests.each import on_each

TESTS = sorted((FOLDER / "tests").glob("*.yml"))


def read_groups() -> Iterator[dict[str, Any]]:
    for name in RULE_FILES:
        yield from yaml.safe_load((FOLDER / name).read_text())["groups"]


RULES = [rule for group in read_groups() for rule in group["rules"]]
ALERT_RULES = {rule["alert"]: rule for rule in RULES if "alert" in rule}
each_alert = on_each("alert", ALERT_RULES)
