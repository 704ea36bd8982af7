"""The real program with TLS, client certificates and passwords, scraped by a real Prometheus."""

import asyncio
import json
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import bcrypt
import pytest
import yaml

from tests.certificates import Authority
from tests.serving import free_port

pytestmark = pytest.mark.slow

HOME = Authority()
PASSWORD = "correct horse battery staple"


@asynccontextmanager
async def running(*command: str, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program, and stop it at the end."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 20)


def lay_out(folder: Path, target: str) -> None:
    """Write what the exporter and Prometheus read."""
    server, client = HOME.server(), HOME.client()
    files = {
        "ca.pem": HOME.pem,
        "server.pem": server.certificate,
        "server-key.pem": server.key,
        "client.pem": client.certificate,
        "client-key.pem": client.key,
        "password": PASSWORD,
        "web.yaml": yaml.safe_dump(
            {
                "tls_server_config": {
                    "cert_file": "server.pem",
                    "key_file": "server-key.pem",
                    "client_ca_file": "ca.pem",
                    "client_auth_type": "RequireAndVerifyClientCert",
                    "min_version": "TLS13",
                },
                "basic_auth_users": {"prometheus": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(6)).decode()},
            }
        ),
        "prometheus.yaml": yaml.safe_dump({"scrape_configs": [scrape(target, "right"), scrape(target, "wrong")]}),
        "wrong-password": "wrong",
    }
    for name, content in files.items():
        (folder / name).write_text(content)


def scrape(target: str, job: str) -> Mapping[str, Any]:
    return {
        "job_name": job,
        "scheme": "https",
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "basic_auth": {
            "username": "prometheus",
            "password_file": "password" if job == "right" else "wrong-password",
        },
        "tls_config": {"ca_file": "ca.pem", "cert_file": "client.pem", "key_file": "client-key.pem"},
        "static_configs": [{"targets": [target]}],
    }


async def targets(session: aiohttp.ClientSession, port: int) -> dict[str, tuple[str, str]]:
    """Return health and last error of Prometheus' targets by job, none before Prometheus answers."""
    try:
        async with session.get(f"http://127.0.0.1:{port}/api/v1/targets") as answer:
            found = json.loads(await answer.text())["data"]["activeTargets"]
    except (aiohttp.ClientConnectionError, KeyError, ValueError):
        return {}
    return {one["labels"]["job"]: (one["health"], one["lastError"]) for one in found}


async def test_prometheus_scrapes_over_tls_with_a_certificate_and_a_password(tmp_path: Path) -> None:
    port, own = free_port(), free_port()
    lay_out(tmp_path, f"127.0.0.1:{port}")
    exporter = (sys.executable, "-m", "exporter", "demo", "--web.config.file", str(tmp_path / "web.yaml"))
    prometheus = ("prometheus", f"--config.file={tmp_path / 'prometheus.yaml'}", f"--storage.tsdb.path={tmp_path}/db")
    async with (
        running(*exporter, "--web.listen-address", f"127.0.0.1:{port}", log=tmp_path / "exporter.log") as process,
        running(*prometheus, f"--web.listen-address=127.0.0.1:{own}", log=tmp_path / "prometheus.log"),
        aiohttp.ClientSession() as session,
    ):
        for _ in range(300):
            await asyncio.sleep(0.1)
            found = await targets(session, own)
            if found.get("right") == ("up", "") and "401" in found["wrong"][1]:
                break
        assert found["right"] == ("up", "")
        assert found["wrong"][0] == "down"
        assert "401" in found["wrong"][1]
        query = {"query": 'count({job="right",__name__=~"backup_.*"})'}
        async with session.get(f"http://127.0.0.1:{own}/api/v1/query", params=query) as answer:
            assert int(json.loads(await answer.text())["data"]["result"][0]["value"][1]) > 50
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    log = (tmp_path / "exporter.log").read_text()
    assert f"https://127.0.0.1:{port}" in log
    assert not re.search("Traceback|PRIVATE|\\$2b|horse", log)
