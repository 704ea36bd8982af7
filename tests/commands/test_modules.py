"""One file a command: each is listed, and none is imported that does not run."""

from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from exporter import cli, commands


def test_each_module_that_runs_a_command_is_listed() -> None:
    paths = Path(commands.__path__[0]).glob("*.py")
    assert {module for module, _ in cli.COMMANDS.values()} == {
        path.stem for path in paths if "\ndef run(" in path.read_text()
    }


@pytest.mark.parametrize(
    ("arguments", "modules"),
    [
        (["schema"], {"schema"}),
        (["example-config"], {"example_config"}),
        (["--help"], set()),
        (["--version"], set()),
        (["try", "--help"], {"try_source"}),
        (["--web.telemetry-path", "x"], {"serve"}),
    ],
)
def test_a_command_imports_its_own_module_alone(
    arguments: list[str], modules: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = set()

    def note(name: str) -> ModuleType:
        imported.add(name.removeprefix("exporter.commands."))
        return import_module(name)

    monkeypatch.setattr(cli, "import_module", note)
    with suppress(SystemExit):
        cli.main(arguments)
    assert imported == modules
