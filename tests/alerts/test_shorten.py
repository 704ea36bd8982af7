import copy
from typing import Any

import pytest

from stack.shorten import shorten


def one_rule(**rule: Any) -> dict[str, Any]:
    return {"groups": [{"name": "g", "interval": "1m", "rules": [{"alert": "A", "expr": "up == 0", **rule}]}]}


def rule_of(rules: dict[str, Any]) -> dict[str, Any]:
    (group,) = rules["groups"]
    (rule,) = group["rules"]
    assert isinstance(rule, dict)
    return rule


@pytest.mark.parametrize(
    ("written", "short"),
    [("15m", "9s"), ("7d", "6048s"), ("1h30m", "54s"), ("10s", "3s"), ("2s", "2s"), ("0s", "0s"), ("355s", "3550ms")],
)
def test_waiting_is_divided_down_to_a_floor_and_never_prolonged(written: str, short: str) -> None:
    rule = rule_of(shorten(one_rule(**{"for": written, "keep_firing_for": written}), factor=100))
    assert (rule["for"], rule["keep_firing_for"]) == (short, short)


@pytest.mark.parametrize(
    ("written", "short"),
    [
        ("changes(a[1h]) == 0", "changes(a[36s]) == 0"),
        ("max_over_time(a:b:c[7d:1h]) offset 1h", "max_over_time(a:b:c[6048s:36s]) offset 36s"),
        ("a offset -1h30m", "a offset -54s"),
        ("a > 3600 and b < 5", "a > 3600 and b < 5"),
        ('a{b=~"[5m] offset 1h"}[10m:]', 'a{b=~"[5m] offset 1h"}[6s:]'),
        ("a{b='\\'[5m]'}", "a{b='\\'[5m]'}"),
    ],
)
def test_ranges_and_offsets_are_divided_and_nothing_else(written: str, short: str) -> None:
    assert rule_of(shorten(one_rule(expr=written), factor=100))["expr"] == short


def test_the_group_s_interval_is_divided_and_the_original_left_alone() -> None:
    rules = one_rule(**{"for": "15m", "labels": {"severity": "info"}})
    before = copy.deepcopy(rules)
    short = shorten(rules, factor=20)
    assert rules == before
    assert short["groups"][0]["interval"] == "3s"
    assert rule_of(short)["labels"] == {"severity": "info"}
