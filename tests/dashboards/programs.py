"""Starts the demo and a Prometheus that scrapes it, and ends both whatever happens."""

import json
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import yaml

from tests.serving import free_port

GRACE_SECONDS = 5
START_SECONDS = 20


@contextmanager
def running(*command: str, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """Run a program for as long as the block lasts."""
    with subprocess.Popen(command, text=True, **how) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def demo(speed: float) -> Iterator[str]:
    """Run the exporter on simulated vendors; yield its address."""
    flags = (f"--speed={speed}", "--web.listen-address=127.0.0.1:0", "--log.format=json")
    said: queue.Queue[str] = queue.Queue()
    with running(sys.executable, "-m", "exporter", "demo", *flags, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        reader = threading.Thread(target=_drain, args=(process.stderr, said))
        reader.start()
        try:
            yield _listening(said)
        finally:
            process.terminate()
            reader.join(GRACE_SECONDS)


def _drain(lines: Iterable[str], said: "queue.Queue[str]") -> None:
    """Take what a program says as long as it says something: a full pipe would stop it."""
    for line in lines:
        said.put(line)
    said.put("")


def _listening(said: "queue.Queue[str]") -> str:
    while True:
        line = said.get(timeout=START_SECONDS)
        assert line, "the demo ended before it listened"
        if line.startswith("{") and (event := json.loads(line))["event"] == "listening":
            return str(event["url"])


@contextmanager
def prometheus(folder: Path, exporter: str, rules: Mapping[str, Any]) -> Iterator[str]:
    """Run Prometheus, with a look at the exporter and the rules each second; yield its address."""
    command = shutil.which("prometheus")
    assert command, "needs Prometheus: install the Debian package prometheus"
    target = exporter.removeprefix("http://")
    scraped = {"job_name": "backup-exporter", "static_configs": [{"targets": [target]}]}
    every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (folder / "rules.yml").write_text(yaml.safe_dump(dict(rules)))
    (folder / "prometheus.yml").write_text(
        yaml.safe_dump({"global": every, "rule_files": ["rules.yml"], "scrape_configs": [scraped]})
    )
    address = f"127.0.0.1:{free_port()}"
    flags = (f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data")
    with (
        (folder / "prometheus.log").open("w") as log,
        running(command, *flags, f"--web.listen-address={address}", cwd=folder, stdout=log, stderr=log),
    ):
        yield f"http://{address}"


def answers(url: str) -> bool:
    """Return whether something listens there and says yes."""
    try:
        with urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except HTTPError as error:
        error.close()
    except (URLError, ConnectionError, TimeoutError):
        pass
    return False


def wait(until: Callable[[], bool], what: object, seconds: float) -> None:
    """Ask again and again; fail with `what` did not come when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.2)
