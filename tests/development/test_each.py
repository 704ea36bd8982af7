"""Holds `on_each` to running a test on every value, and to saying at which one it fails."""

from pathlib import Path

import pytest

from tests.each import on_each


@on_each("number", [1, 2, 3])
def test_fixtures_come_beside_the_value(tmp_path: Path, number: int) -> None:
    with (tmp_path / "seen").open("a") as seen:
        seen.write(str(number))
    assert (tmp_path / "seen").read_text() == "123"[:number]


def test_a_failure_names_its_value() -> None:
    seen = []

    @on_each("number", [1, 2, 3], name=lambda number: f"the {number}")
    def fails(number: int) -> None:
        seen.append(number)
        assert number != 2

    with pytest.raises(AssertionError) as caught:
        fails()

    assert caught.value.__notes__ == ["number: the 2"]
    assert seen == [1, 2]


def test_nothing_to_try_is_a_failure() -> None:
    with pytest.raises(AssertionError, match="no number"):
        on_each("number", [])(lambda number: None)()
