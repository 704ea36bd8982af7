"""The container image as it is: built by the Dockerfile, run without rights on a root it cannot write, stopped."""

import asyncio
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.demo.http import Story
from exporter.demo.server import SimulatedVendors, all_accounts
from tests.container.image_build import IMAGE, Store, build, make_base, ran, store
from tests.container.running import Container, Volume, run
from tests.serving import free_port

pytestmark = pytest.mark.long

USER = 65532
STATE = "/var/lib/backup-exporter"
DEVICES = ("/dev/null", "/dev/urandom")


@pytest.fixture(scope="module")
def build_image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The image in its store, built once."""
    assert os.geteuid() == 0, "this test makes a root file system, which takes root"
    folder = tmp_path_factory.mktemp("building")
    with store() as found:
        make_base(found, folder)
        build(found, folder)
        yield found
        found.drop(IMAGE)


@pytest.fixture(scope="module")
def image(build_image: Store) -> dict[str, Any]:
    """How the image is to be run."""
    return build_image.configuration(IMAGE)


@pytest.fixture(scope="module")
def root(build_image: Store) -> Iterator[Path]:
    """The image's files."""
    with build_image.mount(IMAGE) as folder:
        yield folder


def fetch(url: str) -> tuple[int, str]:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


async def becomes_ready(url: str, log: Path, container: Container) -> None:
    until = time.monotonic() + 60
    while (await asyncio.to_thread(fetch, f"{url}/-/ready"))[0] != 200:
        assert time.monotonic() < until, log.read_text()
        assert container.process.poll() is None, log.read_text()
        await asyncio.sleep(0.1)


def check_confinement(container: Container, *writable: str) -> None:
    """Process 1 has no rights, root itself cannot write to /, and it can write nothing but what is `writable`."""
    status = container.status()
    assert (status["Uid"].split(), status["Gid"].split()) == ([str(USER)] * 4, [str(USER)] * 4)
    assert (status["Groups"], status["NoNewPrivs"], status["NSpid"].split()[-1]) == ("", "1", "1")
    assert {status[kind] for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {"0" * 16}
    assert container.execute("id", "-u").stdout == f"{USER}\n"

    refused = container.execute("touch", "/written", user="0:0")
    assert (refused.returncode, "Read-only file system" in refused.stderr) == (1, True)
    found = container.execute(
        "find", "/", "-path", "/proc", "-prune", "-o", "-writable", "-not", "-type", "l", "-print"
    )
    assert {path for path in found.stdout.splitlines() if path not in (*DEVICES, *writable)} == set()


def check_stop(container: Container, log: Path) -> None:
    code, seconds = container.stop()
    assert code == 0, log.read_text()
    assert seconds < 10  # when a container is killed
    assert "Traceback" not in log.read_text()


def up(exposition: str) -> dict[str, float]:
    """Return which sources are up."""
    return {
        sample.labels["source"]: sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.name == "backup_source_up"
    }


async def test_it_watches_vendors_on_a_root_that_it_cannot_write(
    root: Path, image: dict[str, Any], tmp_path: Path
) -> None:
    vendors = SimulatedVendors(all_accounts(Story(start=time.time(), speed=0.1)))
    await vendors.start()
    settings, state, log = tmp_path / "settings", tmp_path / "state", tmp_path / "log"
    settings.mkdir()
    state.mkdir()
    settings.chmod(0o755)
    os.chown(state, USER, USER)
    (settings / "config.yaml").write_text(vendors.configuration(poll_interval="1s", state_file=f"{STATE}/state.json"))
    volumes = (
        Volume(source=settings, target="/etc/backup-exporter"),
        Volume(source=state, target=STATE, writable=True),
    )
    port = free_port()
    arguments = (*image["Cmd"], "--web.listen-address", f"127.0.0.1:{port}")
    try:
        with run(root, image, log, *arguments, volumes=volumes) as container:
            await becomes_ready(f"http://127.0.0.1:{port}", log, container)
            status, exposition = await asyncio.to_thread(fetch, f"http://127.0.0.1:{port}/metrics")
            health = await asyncio.to_thread(container.health)
            check_confinement(container, STATE, f"{STATE}/state.json", f"{STATE}/state.json.lock")
            check_stop(container, log)
    finally:
        await vendors.stop()

    assert status == 200
    assert up(exposition) == dict.fromkeys(vendors.bases, 1.0)
    assert (health.returncode, health.stdout, health.stderr) == (0, "", "")
    assert (state / "state.json").stat().st_uid == USER


async def test_it_runs_the_demo_without_any_volume(root: Path, image: dict[str, Any], tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    with run(root, image, log, "demo", f"--web.listen-address=:{port}") as container:
        await becomes_ready(f"http://127.0.0.1:{port}", log, container)
        assert (await asyncio.to_thread(container.health)).returncode == 0
        assert "backup_age_seconds{" in fetch(f"http://127.0.0.1:{port}/metrics")[1]
        check_confinement(container)
        check_stop(container, log)


def test_the_image_says_how_it_is_run(image: dict[str, Any]) -> None:
    assert image["User"] == f"{USER}:{USER}"
    assert image["Entrypoint"] == ["backup-exporter"]
    assert image["Cmd"] == ["serve", "--config.file", "/etc/backup-exporter/config.yaml"]
    assert image["Healthcheck"]["Test"] == ["CMD", "backup-exporter", "health"]
    assert list(image["ExposedPorts"]) == ["10342/tcp"]


def test_buildah_itself_runs_it_as_that_user(build_image: Store) -> None:
    with build_image.container(IMAGE) as name:
        assert build_image.buildah("run", name, "--", "id", "-u") == f"{USER}\n"
        assert build_image.buildah("run", name, "--", "backup-exporter", "--version").startswith("backup-exporter ")


def test_nothing_of_the_build_stays(root: Path) -> None:
    settings = root / "etc/pip.conf"
    assert not settings.exists() or settings.read_bytes() == b""
    for gone in ("src", "wheels/aiohttp", "root/.cache", "usr/bin/gcc", "opt/backup-exporter/build"):
        assert not (root / gone).exists(), gone
    assert {path.name for path in (root / "var/lib").glob("backup-exporter/*")} == set()
    packages = {path.name for path in (root / "opt/backup-exporter/lib").glob("python3*/site-packages/*")}
    assert "exporter" in packages
    assert "tests" not in packages


def test_nothing_in_it_names_where_the_packages_came_from(build_image: Store, root: Path) -> None:
    settings = ran(sys.executable, "-m", "pip", "config", "list")
    hosts = {urlsplit(url).hostname or url for url in re.findall(r"https?://[^\s']+", settings)}
    written = [path for kind in ("conf", "cfg", "json") for path in (root / "opt").rglob(f"*.{kind}") if path.is_file()]
    texts = [path.read_text(errors="replace") for path in written] + [
        build_image.buildah("inspect", "--type", "image", IMAGE)
    ]
    assert len(written) > 1
    assert [host for host in hosts if any(host in text for text in texts)] == []
