"""Holds the systemd unit to the command line that it uses, and to the rights that it takes away."""

from pathlib import Path

from exporter.cli import BAD_USAGE, command_parsers
from exporter.web.connections import ENOUGH_DESCRIPTORS

UNIT = Path(__file__).parent.parent / "deploy" / "systemd" / "backup-exporter.service"


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
