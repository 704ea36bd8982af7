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
    ("written", "pending", "firing"),
    [
        ("15m", "9s", "9s"),
        ("7d", "6048s", "6048s"),
        ("1h30m", "54s", "54s"),
        ("10s", "8s", "3s"),
        ("2s", "2s", "2s"),
        ("0s", "0s", "0s"),
        ("855s", "8550ms", "8550ms"),
    ],
)
def test_waiting_is_divided_down_to_a_floor_and_never_prolonged(written: str, pending: str, firing: str) -> None:
    rule = rule_of(shorten(one_rule(**{"for": written, "keep_firing_for": written}), factor=100))
    assert (rule["for"], rule["keep_firing_for"]) == (pending, firing)


def test_an_alert_goes_on_firing_for_as_long_as_asked_but_never_longer_than_shipped() -> None:
    for shipped, kept in (("15m", "20s"), ("10s", "10s")):
        rule = rule_of(shorten(one_rule(keep_firing_for=shipped), factor=100, keep_firing=20))
        assert rule["keep_firing_for"] == kept


def test_the_group_s_interval_is_divided_and_the_original_left_alone() -> None:
    rules = one_rule(**{"for": "15m", "labels": {"severity": "info"}})
    before = copy.deepcopy(rules)
    short = shorten(rules, factor=20)
    assert rules == before
    assert short["groups"][0]["interval"] == "3s"
    assert rule_of(short)["labels"] == {"severity": "info"}
