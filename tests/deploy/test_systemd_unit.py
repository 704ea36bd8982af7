"""Holds the systemd unit to the command line that it uses, and to the rights that it takes away."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.cli import BAD_USAGE, command_parsers, main
from exporter.web.connections import ENOUGH_DESCRIPTORS
from tests.paths import ROOT

UNIT = ROOT / "deploy" / "systemd" / "backup-exporter.service"
EXPOSURE = 15
"""Ten times what `systemd-analyze security` may say at most, on its scale from 0 to 10."""
NEEDS_SYSTEMD = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here: Debian's package systemd has it"
)


def unit() -> dict[str, dict[str, list[str]]]:
    sections: dict[str, dict[str, list[str]]] = {}
    settings: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if line.startswith("["):
            settings = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            name, value = line.split("=", 1)
            settings.setdefault(name, []).append(value)
    return sections


def test_the_unit_starts_and_reloads_the_exporter() -> None:
    service = unit()["Service"]
    (start,) = service["ExecStart"]
    program, command, *rest = start.split()
    (folder,) = service["StateDirectory"]

    given = command_parsers()[command].parse_args(rest)

    assert program == "/opt/backup-exporter/bin/backup-exporter"
    assert str(given.config_file) == "/etc/backup-exporter/config.yaml"
    assert service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert service["RestartPreventExitStatus"] == [str(BAD_USAGE)]
    assert service["LimitNOFILE"] == [str(ENOUGH_DESCRIPTORS)]
    assert folder == "backup-exporter", "the state file's folder in docs/deploy.md"
    assert unit()["Install"] == {"WantedBy": ["multi-user.target"]}


def test_the_unit_takes_away_what_the_exporter_does_not_need() -> None:
    service = unit()["Service"]
    yes = {name for name, values in service.items() if values == ["yes"]}

    assert service["User"] == ["backup-exporter"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["CapabilityBoundingSet"] == [""]
    assert service["RestrictAddressFamilies"] == ["AF_INET AF_INET6 AF_UNIX"]
    assert service["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
    assert "ProcSubset" not in service, "the process metrics read /proc/stat"
    assert {
        "DynamicUser",
        "LockPersonality",
        "MemoryDenyWriteExecute",
        "NoNewPrivileges",
        "PrivateDevices",
        "PrivateTmp",
        "ProtectClock",
        "ProtectControlGroups",
        "ProtectHome",
        "ProtectHostname",
        "ProtectKernelLogs",
        "ProtectKernelModules",
        "ProtectKernelTunables",
        "RestrictNamespaces",
        "RestrictRealtime",
        "RestrictSUIDSGID",
    } <= yes


def test_the_command_prints_the_unit_for_its_own_installation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["systemd-unit"]) == 0

    assert capsys.readouterr().out == UNIT.read_text().replace("/opt/backup-exporter/bin", f"{sys.prefix}/bin")


@pytest.mark.parametrize("prefix", ["prefix", "base_prefix"])
@pytest.mark.parametrize("place", ["/home/ada/backup-exporter", "/root/.pyenv/versions/3.13", "/run/user/1000/x"])
def test_an_installation_that_the_unit_cannot_see_is_warned_of(
    prefix: str, place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "prefix", "/opt/backup-exporter")
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    assert main(["systemd-unit"]) == 0
    assert capsys.readouterr().err == ""

    monkeypatch.setattr(sys, prefix, place)
    assert main(["systemd-unit"]) == 0

    (line,) = capsys.readouterr().err.splitlines()
    assert f"hides {place} (ProtectHome=yes)" in line
    assert "install into /opt/backup-exporter" in line


def analyze(folder: Path, verb: str, unit_text: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze on the unit with a program that exists here."""
    path = folder / UNIT.name
    path.write_text(unit_text.replace("/opt/backup-exporter/bin/backup-exporter", sys.executable))
    command = ["systemd-analyze", verb, *flags, str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.slow
@NEEDS_SYSTEMD
def test_systemd_finds_nothing_to_say_with_the_page_s_drop_in_too(tmp_path: Path) -> None:
    (drop_in,) = re.findall(r"^```ini\n(.*?)^```", (ROOT / "docs" / "deploy.md").read_text(), re.DOTALL | re.MULTILINE)

    for text in (UNIT.read_text(), f"{UNIT.read_text()}\n{drop_in}"):
        done = analyze(tmp_path, "verify", text, "--man=no")
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.slow
@NEEDS_SYSTEMD
def test_systemd_would_say_that_a_setting_is_unknown(tmp_path: Path) -> None:
    done = analyze(tmp_path, "verify", UNIT.read_text().replace("ProtectClock=", "ProtectWatch="), "--man=no")

    assert "ProtectWatch" in done.stderr


@pytest.mark.slow
@NEEDS_SYSTEMD
def test_systemd_finds_the_service_confined(tmp_path: Path) -> None:
    flags = ("--offline=true", "--no-pager", f"--threshold={EXPOSURE}")
    confined = analyze(tmp_path, "security", UNIT.read_text(), *flags)
    loose = analyze(tmp_path, "security", UNIT.read_text().replace("CapabilityBoundingSet=\n", ""), *flags)

    assert confined.returncode == 0, confined.stdout
    assert loose.returncode != 0
