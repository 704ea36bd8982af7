"""Holds the quick start to the program: its commands are understood, its files accepted, its steps complete."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import dropwhile
from typing import Any

import jsonschema
import pytest
import yaml

from exporter.cli import command_parsers
from exporter.commands.systemd_unit import INSTALL_PREFIX
from exporter.config.loader import parse
from tests.deploy.test_systemd_unit import unit
from tests.paths import ROOT

PAGES = {name: (ROOT / name).read_text() for name in ("docs/quick-start.md", "docs/deploy.md", "README.md")}
CHART = ROOT / "deploy" / "helm" / "backup-exporter"


def find_blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGES[page], re.DOTALL | re.MULTILINE)


def find_commands(page: str) -> Iterator[list[str]]:
    """Yield the words of each command line, without its prompt, its variables, and where its output goes."""
    for block in (*find_blocks(page, "sh"), *find_blocks(page, "console")):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words := list(dropwhile(re.compile(r"\w+=").match, words)):
                yield words[: words.index(">")] if ">" in words else words


def section(title: str) -> str:
    return PAGES["docs/quick-start.md"].split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("page", PAGES)
def test_the_exporter_understands_every_command(page: str) -> None:
    found = [words for words in find_commands(page) if words[0].endswith("bin/backup-exporter")]
    assert found
    for _, *words in found:
        command = words[0] if words[0] in command_parsers() else "serve"
        command_parsers()[command].parse_args(words[words[0] == command :])


@pytest.mark.parametrize("page", ["docs/quick-start.md", "README.md"])
def test_docker_mounts_the_configuration_and_the_state_where_the_image_has_them(page: str) -> None:
    (run,) = (words for words in find_commands(page) if words[:2] == ["docker", "run"])
    image = (ROOT / "Dockerfile").read_text()
    mounted = [run[at + 1].split(":")[1] for at, word in enumerate(run) if word == "--volume"]
    (published,) = (run[at + 1].split(":")[-1] for at, word in enumerate(run) if word == "--publish")

    assert f'"{mounted[0]}"' in image
    assert f"VOLUME {mounted[1]}\n" in image
    assert f"EXPOSE {published}\n" in image
    assert run[-1] == "backup-exporter"


@pytest.mark.parametrize("page", ["docs/quick-start.md", "README.md"])
def test_docker_runs_the_image_that_it_has_built_with_every_variable_of_the_configuration(page: str) -> None:
    commands = [words for words in find_commands(page) if words[0] == "docker"]
    (build,) = (words for words in commands if words[1] == "build")
    (run,) = (words for words in commands if words[1] == "run")
    passed = {run[at + 1] for at, word in enumerate(run) if word == "--env"}
    (published,) = (run[at + 1] for at, word in enumerate(run) if word == "--publish")
    configuration = next(block for block in find_blocks(page, "yaml") if block.startswith("# config.yaml\n"))

    assert commands.index(build) < commands.index(run)
    assert build[build.index("--tag") + 1] == run[-1]
    assert passed == set(re.findall(r"\$\{(\w+)\}", configuration))
    assert published.startswith("127.0.0.1:"), "the page is not open to the network before somebody decides so"


def test_the_configuration_is_accepted() -> None:
    configuration, _ = find_blocks("docs/quick-start.md", "yaml")

    assert (
        len(parse(configuration, dict.fromkeys(re.findall(r"\$\{(\w+)\}", configuration), "x"), ROOT).settings.sources)
        == 1
    )


def test_the_chart_accepts_the_values() -> None:
    _, values = find_blocks("docs/quick-start.md", "yaml")
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    defaults: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())

    jsonschema.Draft7Validator(schema).validate({**defaults, **yaml.safe_load(values)})
    (secret,) = re.findall(r"--from-file=(\S+)", section("Helm"))
    assert f"/{secret}\n" in values


def test_the_way_by_systemd_makes_what_the_unit_reads() -> None:
    service = unit()["Service"]
    steps = section("systemd")

    assert f"python3 -m venv {INSTALL_PREFIX}\n" in steps
    assert service["ExecStart"][0].startswith(f"{INSTALL_PREFIX}/bin/backup-exporter ")
    assert f"useradd --system --user-group --no-create-home --shell /usr/sbin/nologin {service['User'][0]}" in steps
    assert service["EnvironmentFile"] == ["-/etc/backup-exporter/environment"]
    assert steps.index("install -m 600 /dev/null /etc/backup-exporter/environment") < steps.index("echo ")
    assert steps.index("echo ") < steps.index(" check --config.file") < steps.index("systemctl enable")
    assert steps.index("daemon-reload") < steps.index("systemctl enable")


@pytest.mark.parametrize("page", PAGES)
def test_a_shell_can_read_every_block(page: str) -> None:
    for block in find_blocks(page, "sh"):
        done = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"{block}{done.stderr}"
