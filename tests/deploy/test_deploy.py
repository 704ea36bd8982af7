"""Holds the containers of deploy/ together: paths, ports and names that one file takes from another."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from exporter.cli import command_parsers
from exporter.commands.flags import DEFAULT_LISTEN
from tests.paths import ROOT

DEPLOY = ROOT / "deploy"
PORTS = {"exporter": 10342, "prometheus": 9090, "alertmanager": 9093, "grafana": 3000}
IMAGE_USER = re.search(r"^USER (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
STATE_FOLDER = "/var/lib/backup-exporter"
CONFIGURATION = "/etc/backup-exporter/config.yaml"


def read(*path: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(DEPLOY.joinpath(*path).read_text(encoding="utf-8"))
    return document


COMPOSE = read("compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = read("compose.config.yaml")
EACH_SERVICE = pytest.mark.parametrize("name", SERVICES)


def mounts(service: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Return source, target and whether it can be written to; a variable has its default."""
    found = []
    for each in service.get("volumes", []):
        if isinstance(each, str):
            source, target, *mode = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", each).split(":")
            found.append((source, target, mode != ["ro"]))
        else:
            found.append((each["source"], each["target"], not each["read_only"]))
    return found


def flags(service: dict[str, Any]) -> dict[str, str]:
    return dict(flag.split("=", 1) for flag in service["command"])


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a folder for each service with what is mounted, where it is mounted."""
    roots = {name: tmp_path_factory.mktemp(name) for name in SERVICES}
    for name, service in SERVICES.items():
        for source, target, _ in mounts(service):
            if not source.startswith("."):
                continue  # a volume, which is empty
            place = roots[name] / target.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (DEPLOY / source).is_dir() else shutil.copy
            copy(DEPLOY / source, place)
    return roots


def check(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_four_services_listen_on_this_machine_only() -> None:
    assert {name: service["ports"] for name, service in SERVICES.items()} == {
        name: [f"127.0.0.1:{port}:{port}"] for name, port in PORTS.items()
    }


def test_the_exporter_listens_where_its_image_says() -> None:
    assert f":{PORTS['exporter']}" == DEFAULT_LISTEN
    assert f"EXPOSE {PORTS['exporter']}\n" in (ROOT / "Dockerfile").read_text()


@EACH_SERVICE
def test_image_is_pinned_or_our_own(name: str) -> None:
    image = SERVICES[name]["image"]

    if "build" in SERVICES[name]:
        assert image == "backup-exporter:local"
        assert (DEPLOY / SERVICES[name]["build"]["context"] / "Dockerfile").is_file()
    else:
        assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", image)


@EACH_SERVICE
def test_what_is_mounted_exists_and_cannot_be_written_to(name: str) -> None:
    for source, target, writable in mounts(SERVICES[name]):
        assert target.startswith("/")
        if source.startswith("."):
            assert (DEPLOY / source).exists(), source
            assert not writable, source
        else:
            assert source in COMPOSE["volumes"]


def test_every_volume_is_used() -> None:
    used = {source for service in SERVICES.values() for source, _, _ in mounts(service) if not source.startswith(".")}

    assert used == set(COMPOSE["volumes"])


@EACH_SERVICE
def test_service_gets_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]

    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    if name != "grafana":  # it writes to more places, and starts as no root either
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


def test_the_exporter_understands_what_it_is_started_with() -> None:
    for compose in (COMPOSE, OWN):
        command, *rest = compose["services"]["exporter"]["command"]
        command_parsers()[command].parse_args(rest)


@pytest.mark.slow
def test_prometheus_accepts_its_configuration_and_rules(container: dict[str, Path]) -> None:
    given = flags(SERVICES["prometheus"])

    said = check("promtool", "check", "config", container["prometheus"] / given["--config.file"].lstrip("/"))

    assert said.count("rules found") == 2
    assert given["--storage.tsdb.path"] in {
        target for _, target, writable in mounts(SERVICES["prometheus"]) if writable
    }


def test_prometheus_loads_every_file_of_rules() -> None:
    shipped = {path.name for path in (ROOT / "alerts").glob("*.yml")} - {"alertmanager.example.yml"}

    assert {Path(name).name for name in read("prometheus.yml")["rule_files"]} == shipped


def test_prometheus_scrapes_the_exporter_under_the_name_that_the_rules_know() -> None:
    (job,) = read("prometheus.yml")["scrape_configs"]
    known = set(re.findall(r'job="([^"]+)"', (ROOT / "alerts" / "collection.yml").read_text()))

    assert {job["job_name"]} == known - {"yours"}
    assert job["static_configs"] == [{"targets": [f"exporter:{PORTS['exporter']}"]}]


@pytest.mark.slow
def test_alertmanager_accepts_its_configuration_and_is_told_of_alerts(container: dict[str, Path]) -> None:
    given = flags(SERVICES["alertmanager"])
    (alertmanager,) = read("prometheus.yml")["alerting"]["alertmanagers"]

    check("amtool", "check-config", container["alertmanager"] / given["--config.file"].lstrip("/"))

    assert alertmanager == {"static_configs": [{"targets": [f"alertmanager:{PORTS['alertmanager']}"]}]}
    assert given["--storage.path"] in {target for _, target, writable in mounts(SERVICES["alertmanager"]) if writable}


@pytest.mark.parametrize("name", ["prometheus", "alertmanager"])
def test_links_in_notifications_lead_to_the_published_port(name: str) -> None:
    assert flags(SERVICES[name])["--web.external-url"] == f"http://localhost:{PORTS[name]}/"


def test_grafana_finds_its_data_sources(container: dict[str, Path]) -> None:
    (file,) = (container["grafana"] / "etc/grafana/provisioning/datasources").iterdir()
    found = {each["type"]: each for each in yaml.safe_load(file.read_text())["datasources"]}
    prometheus = found["prometheus"]

    assert {kind: urlsplit(each["url"]).netloc for kind, each in found.items()} == {
        kind: f"{kind}:{PORTS[kind]}" for kind in ("prometheus", "alertmanager")
    }
    assert prometheus["isDefault"] is True
    assert prometheus["jsonData"]["timeInterval"] == read("prometheus.yml")["global"]["scrape_interval"]


def test_grafana_finds_the_dashboards_and_nothing_else(container: dict[str, Path]) -> None:
    root = container["grafana"]
    (file,) = (root / "etc/grafana/provisioning/dashboards").iterdir()
    (provider,) = yaml.safe_load(file.read_text())["providers"]
    folder = root / provider["options"]["path"].lstrip("/")
    home = root / SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].lstrip("/")

    assert provider["type"] == "file"
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.json")} == {
        "overview.json",
        "resource.json",
        "exporter.json",
    }
    assert home == folder / "overview.json"


def test_own_configuration_and_state_are_where_the_image_and_the_page_say() -> None:
    exporter = OWN["services"]["exporter"]
    owner = OWN["services"]["state-owner"]
    targets = {target: (source, writable) for source, target, writable in mounts(exporter)}
    command = next(line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("CMD "))
    page = (ROOT / "docs" / "deploy.md").read_text()

    assert f'"{CONFIGURATION}"' in command
    assert exporter["command"][-1] == CONFIGURATION
    assert targets == {
        str(Path(CONFIGURATION).parent): ("./config", False),
        STATE_FOLDER: ("state", True),
    }
    assert {"/config/", f"/{exporter['env_file'][0]['path'].removeprefix('./')}"} <= set(
        (DEPLOY / ".gitignore").read_text().splitlines()
    )
    assert IMAGE_USER is not None
    assert owner["entrypoint"] == ["chown", IMAGE_USER[1], STATE_FOLDER]
    assert mounts(owner) == [("state", STATE_FOLDER, True)]
    assert owner["image"] == SERVICES["exporter"]["image"]
    assert f"state_file: {STATE_FOLDER}/" in page
    assert IMAGE_USER[1].split(":")[0] in page
