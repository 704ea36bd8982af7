"""Serves an exposition by other programs: the libraries of Go exporters, and nginx.

Each is measured where its program is found: `make bench` builds the first where there is Go, nginx is Debian's.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.client import fetch, free_port

BUILT = Path(__file__).parents[1] / ".tools" / "bin" / "scrape-references"
GO_PATHS = {
    "client_golang, vectors": "/vectors",
    "client_golang, constant metrics": "/const",
    "kube-state-metrics, its store": "/store",
}
NGINX = "nginx, a static file"
EXPOSITION = "metrics"
START_SECONDS = 10.0


@contextmanager
def serve_elsewhere(folder: Path, exposition: bytes) -> Iterator[Mapping[str, Callable[[], float]]]:
    """Serve an exposition by every program that is found; yield by name what scrapes it and returns the seconds."""
    (folder / EXPOSITION).write_bytes(exposition)
    with ExitStack() as stack:
        scrapes: dict[str, Callable[[], float]] = {}
        if BUILT.exists():
            port = stack.enter_context(_serve_by_go(folder / EXPOSITION))
            scrapes |= {name: _scrape(port, path) for name, path in GO_PATHS.items()}
        if (program := shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")) is not None:
            scrapes[NGINX] = _scrape(stack.enter_context(_serve_by_nginx(program, folder)), f"/{EXPOSITION}")
        yield scrapes


def _scrape(port: int, path: str) -> Callable[[], float]:
    return lambda: fetch(port, path)[0]


@contextmanager
def _serve_by_go(exposition: Path) -> Iterator[int]:
    with _start(str(BUILT), str(exposition), stdout=subprocess.PIPE) as process:
        line = process.stdout.readline() if process.stdout is not None else ""
        yield int(json.loads(line)["port"])


@contextmanager
def _serve_by_nginx(program: str, folder: Path) -> Iterator[int]:
    port = free_port()
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\nsendfile on;\n{temporary}"
        f"server {{ listen 127.0.0.1:{port}; root {folder}; }}\n}}\n"
    )
    with _start(program, "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf"), stdout=None):
        _wait_until_serving(port)
        yield port


def _wait_until_serving(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            fetch(port, f"/{EXPOSITION}")
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


@contextmanager
def _start(*command: str, stdout: int | None) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdout=stdout, text=True)  # noqa: S603 - programs that were found
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
