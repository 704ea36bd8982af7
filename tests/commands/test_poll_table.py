"""What `poll` prints at a terminal: the verdict, worst first, and columns dropped instead of words broken."""

import pytest
from rich.cells import cell_len

from exporter.commands.poll import find_exit_code
from exporter.commands.poll_table import COLUMNS, lay_out
from exporter.state.overview import list_items
from exporter.state.store import Store
from tests.metrics.states import NOW, Clock, source
from tests.web.pages import fill, item
from tests.web.test_pages import make_store

NAMES = ["[prod] orders", "orders [/prod]", "a\x1b[31mb", "c\x9bd", "\u202egnp", "x" * 300, "表" * 40]


def table(names: list[str], width: int) -> list[str]:
    store = fill(Store(Clock(), lambda: 0.0), [item(f"id-{at}-{'y' * 60}", name) for at, name in enumerate(names)])
    return [line.plain for line in lay_out(list_items(store), NOW, width)]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160, 200, 400])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert [line for line in table(NAMES, width) if cell_len(line) > width] == []


def test_columns_are_dropped_by_their_worth() -> None:
    headers = [table(NAMES, width)[0].split() for width in (60, 100, 400)]
    assert "resource" in headers[2]
    assert "resource" not in headers[0]
    assert all({"state", "name", "age"} <= set(header) for header in headers)


def test_names_are_plain_text() -> None:
    text = "\n".join(table(NAMES, 400))
    for name in ("[prod] orders", "orders [/prod]", r"a\x1b[31mb", r"c\x9bd", r"\u202egnp"):
        assert name in text
    assert "\x1b" not in text


def test_what_is_empty_everywhere_has_no_column() -> None:
    assert "running" not in table(["a"], 400)[0]
    assert len({column.title for column in COLUMNS}) == len(COLUMNS)


def test_the_worst_comes_first() -> None:
    lines = [line.plain for line in lay_out(list_items(make_store()), NOW, 120)]
    assert [line.split("  ")[0] for line in lines] == ["state", "never succeeded", "too old", "fine", "paused"]


@pytest.mark.parametrize(("fail_on", "code"), [("never", 0), ("down", 0), ("warning", 1), ("critical", 1)])
def test_the_exit_code_follows_fail_on(fail_on: str, code: int) -> None:
    assert find_exit_code(make_store(), fail_on) == code


@pytest.mark.parametrize(("fail_on", "code"), [("never", 0), ("down", 0), ("warning", 1), ("critical", 0)])
def test_a_warning_is_not_critical(fail_on: str, code: int) -> None:
    store = fill(Store(Clock(), lambda: 0.0), [item("a", "A", 30.0)], source("main", max_age=26 * 3600.0))
    assert find_exit_code(store, fail_on) == code
