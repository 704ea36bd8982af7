"""A source's name in the progress bars is text: brackets stay, and nothing of it reaches the terminal as a command."""

import asyncio
import io
from pathlib import Path

import pytest
import structlog
from rich.console import Console

from exporter import log
from exporter.app import App
from exporter.commands import poll, progress
from exporter.config.loader import parse
from tests.samples import write_source

NAMES = ("[prod] orders", "orders [/prod]", "[red]x[/red]", "[link=https://evil.example]x", ":warning:", "a[b")


@pytest.mark.parametrize("name", NAMES)
def test_the_bars_show_a_name_as_it_is(name: str) -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=100, color_system=None)
    with progress.make_progress_bars(console) as bars:
        bars.add_task(name, total=3)
        bars.refresh()

    assert name in output.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_poll_prints_a_source_under_its_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"sources: [{write_source(name)}]"
    code = asyncio.run(poll.poll_once(parse(text, {}, Path()).settings, "table"))

    assert code == 1
    assert f"{name}: down, connection" in capsys.readouterr().out


def test_controls_are_shown_and_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Bars:
        def add_task(self, description: str, total: int | None) -> int:
            del total
            shown.append(description)
            return 0

        def update(self, *_: object, **__: object) -> None: ...

    async def run() -> None:
        text = f"sources: [{write_source('a')}]"
        app = App(lambda: 0.0)
        (task,) = await app.apply(parse(text, {}, Path()).settings)
        object.__setattr__(task.source, "name", "a\x1b[31m\x9bb\u202e")
        with pytest.raises(KeyError):  # nothing is known under that name; the bar is there by then
            await progress.poll_with_progress(task, app.store, Bars())  # type: ignore[arg-type]
        await app.stop()

    asyncio.run(run())
    assert shown == ["a\\x1b[31m\\x9bb\\u202e"]


def test_what_is_logged_goes_above_the_bars(capsys: pytest.CaptureFixture[str]) -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=100, color_system=None)
    log.configure("info", "logfmt")
    with progress.show_progress(console):
        structlog.get_logger().warning("something.odd", name="[red]x")
    structlog.get_logger().warning("afterwards")
    log.flush()

    assert "event=something.odd name=[red]x" in output.getvalue()
    said = capsys.readouterr().err
    assert "something.odd" not in said
    assert "afterwards" in said
