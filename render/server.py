"""A Prometheus that scrapes nothing, but holds a week."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from render.history import Span, add_recorded_series, alert_lines, lines, write_blocks
from render.samples import Sample
from stack.programs import find_program, free_port

START_SECONDS = 60.0


@contextmanager
def _prometheus(folder: Path, blocks: Path) -> Iterator[str]:
    (folder / "prometheus.yml").write_text("global: {}\n", encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    flags = (
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={blocks}",
        "--storage.tsdb.retention.time=1y",
        "--query.lookback-delta=21m",
        f"--web.listen-address={address}",
        "--log.level=error",
    )
    program = [find_program("prometheus", "prometheus"), *flags]
    with (
        (folder / "prometheus.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(program, cwd=folder, stdout=log, stderr=log) as process,  # noqa: S603
    ):
        try:
            _wait(f"http://{address}/-/ready", process)
            yield f"http://{address}"
        finally:
            process.terminate()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(url, timeout=2):  # noqa: S310
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError(f"Prometheus does not answer at {url}")


@contextmanager
def week(folder: Path, samples: Sequence[Sample], now: float, span: Span | None = None) -> Iterator[str]:
    """Run a Prometheus that holds a week behind these samples, with the alerts that fired; yield its address."""
    folder.mkdir(parents=True, exist_ok=True)
    blocks = folder / "blocks"
    write_blocks(lines(add_recorded_series(samples), now, span or Span()), blocks)
    with _prometheus(folder, blocks) as url:
        fired = list(alert_lines(url, now))
    if len(fired) > 1:
        write_blocks(fired, blocks)
    with _prometheus(folder, blocks) as url:
        yield url
