"""What surrounds the process does not stop it: a log that cannot be written, clients that say nothing, files that hang.

Each test starts the program and looks at it from outside.
"""

import contextlib
import os
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import bcrypt
import pytest
import yaml

from tests.serving import FAST, PROGRAM, assert_ends, free_port, get, post, run, serving, status, until, value

pytestmark = pytest.mark.slow


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(FAST)
    return path


@pytest.mark.parametrize("sink", ["/dev/full", "a pipe without a reader", "a pipe that is not read", "nothing"])
def test_a_log_that_cannot_be_written_stops_nothing(sink: str, config: Path) -> None:
    with ExitStack() as stack:
        reading, writing = os.pipe()
        stack.callback(os.close, writing)
        if sink == "/dev/full":
            os.dup2(os.open("/dev/full", os.O_WRONLY), writing)
        if sink == "a pipe that is not read":
            os.set_blocking(writing, False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(writing, b"x" * 65536)
            os.set_blocking(writing, True)
            stack.callback(os.close, reading)
        else:
            os.close(reading)
        if sink == "nothing":
            launcher = config.with_name("launcher.sh")
            launcher.write_text('exec 2>&-\nexec "$@"\n')
            stack.enter_context(pytest.MonkeyPatch.context()).setattr(
                "tests.serving.PROGRAM", ["/bin/sh", str(launcher), *PROGRAM]
            )
        process, url = stack.enter_context(serving(config, "--log.level", "debug", stderr=writing))
        polls = value(url, "backup_polls_total")
        until(lambda: value(url, "backup_polls_total") >= polls + 3)
        assert status(f"{url}/-/healthy") == 200
        assert value(url, "backup_exporter_task_restarts_total") == 0
        if sink in ("/dev/full", "a pipe without a reader"):
            assert value(url, "backup_exporter_log_lines_dropped_total") > 0
        assert_ends(process)


def test_silent_connections_keep_no_scrape_out_and_no_poll(config: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as stderr, serving(config, stderr=stderr, limit=1024) as (process, url), ExitStack() as stack:
        port = int(url.rpartition(":")[2])
        for _ in range(1100):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
        began = time.monotonic()
        assert get(f"{url}/metrics", timeout=10)[0] == 200
        assert time.monotonic() - began < 10
        polls = value(url, "backup_polls_total")
        until(lambda: value(url, "backup_polls_total") >= polls + 2)
        assert value(url, "process_open_fds") < 700
        assert "Traceback" not in log.read_text()
        assert log.stat().st_size < 100_000
        assert_ends(process)


DRIPS = {
    "silence": (b"", b""),
    "half a header": (b"GET /metrics HTTP/1.1\r\nHost: x\r\n", b""),
    "a drip": (b"GET /metrics HTTP/1.1\r\n", b"X: y\r\n"),
}


def test_a_header_that_is_not_whole_in_time_ends_the_connection(config: Path) -> None:
    with serving(config) as (_, url), ThreadPoolExecutor() as clients:
        lasted = clients.map(lambda drip: time_connection(url, *DRIPS[drip]), DRIPS)
        assert {drip: 9 < seconds < 15 for drip, seconds in zip(DRIPS, lasted, strict=True)} == dict.fromkeys(
            DRIPS, True
        )


def time_connection(url: str, first: bytes, then: bytes) -> float:
    """Return how many seconds a connection stands over which `first` is sent, and `then` again and again."""
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as one:
        began = time.monotonic()
        one.sendall(first)
        one.settimeout(0.5)
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < 20:
                with contextlib.suppress(TimeoutError):
                    if not one.recv(1000):
                        break
                one.sendall(then)
        return time.monotonic() - began


@pytest.fixture
def web_config(tmp_path: Path) -> Callable[[int], Path]:
    def write(rounds: int) -> Path:
        path = tmp_path / "web.yaml"
        if rounds > 12:  # made at cost 4, and said to be dearer: it costs so much, and fits nothing
            hashed = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode().replace("$04$", f"${rounds}$")
        else:
            hashed = bcrypt.hashpw(b"right", bcrypt.gensalt(rounds)).decode()
        path.write_text(yaml.safe_dump({"basic_auth_users": {"ann": hashed}}))
        return path

    return write


def login(password: str) -> str:
    return f"Basic {b64encode(f'ann:{password}'.encode()).decode()}"


def request(password: str) -> bytes:
    return f"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: {login(password)}\r\n\r\n".encode()


@pytest.mark.parametrize("hang_up", [True, False])
def test_many_wrong_logins_keep_no_right_one_out(
    hang_up: bool, config: Path, web_config: Callable[[int], Path]
) -> None:
    with serving(config, "--web.config.file", str(web_config(10))) as (process, url), ExitStack() as stack:
        port = int(url.rpartition(":")[2])
        for number in range(400):
            one = socket.create_connection(("127.0.0.1", port), timeout=10)
            one.sendall(request(f"wrong {number}"))
            one.close() if hang_up else stack.enter_context(one)
        began = time.monotonic()
        assert get(f"{url}/metrics", Authorization=login("right"))[0] == 200
        assert time.monotonic() - began < 8
        assert_ends(process)


def test_a_bcrypt_that_takes_minutes_does_not_delay_the_end(config: Path, web_config: Callable[[int], Path]) -> None:
    with serving(config, "--web.config.file", str(web_config(17))) as (process, url), ExitStack() as stack:
        one = stack.enter_context(socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))))
        one.sendall(request("right"))
        time.sleep(0.3)
        assert_ends(process)


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("127.0.0.1:{port}", "already in use; stop the other program or choose another with --web.listen-address"),
        (":{port}", "already in use; stop the other program or choose another with --web.listen-address"),
        (
            "192.0.2.1:{port}",
            "this machine does not have the address; wait until it is up, or choose another with --web.listen-address",
        ),
        (
            "no-such-host.invalid:{port}",
            "the host's name cannot be resolved; wait until it can be, or choose another with --web.listen-address",
        ),
        ("0.0.0..0:{port}", "the host's name is not valid; choose another with --web.listen-address"),
    ],
)
def test_an_address_that_cannot_be_listened_on_is_one_line_with_the_cure_and_exit_1(
    address: str, problem: str, config: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        listen_address = address.format(port=held.getsockname()[1])
        result = run(config, "--web.listen-address", listen_address)
        demo = subprocess.run(
            [*PROGRAM, "demo", "--web.listen-address", listen_address],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (result.returncode, result.stderr) == (1, f"cannot listen on {listen_address}: {problem}\n")
    assert (demo.returncode, demo.stderr) == (1, f"cannot listen on {listen_address}: {problem}\n")


def test_two_exporters_on_one_state_file(config: Path, tmp_path: Path) -> None:
    config.write_text(FAST.replace("none", f"{tmp_path}/state.json"))
    other = tmp_path / "other.yaml"
    (tmp_path / "link.json").symlink_to("state.json")
    other.write_text(FAST.replace("none", f"{tmp_path}/link.json"))
    with serving(config) as (process, _url):
        result = run(other, "--web.listen-address", "127.0.0.1:0")
        assert result.returncode == 1
        assert result.stderr == (
            f"state_file: {tmp_path}/state.json is in use by another backup-exporter (process {process.pid}); "
            "stop that one, or give each a state_file of its own\n"
        )
        with serving(third := _third(tmp_path)) as (_, second):
            third.write_text(other.read_text())
            code, problems = post(f"{second}/-/reload")
            assert (code, "is in use by another" in problems) == (400, True)
            assert get(f"{second}/metrics")[0] == 200
        process.kill()
        process.wait()
        with serving(other) as (_, next_url):
            until(lambda: "backup_exporter_state_last_write_successful 1" in get(f"{next_url}/metrics")[1])


def _third(folder: Path) -> Path:
    path = folder / "third.yaml"
    path.write_text(FAST)
    return path


def test_all_addresses_are_those_of_ipv4_too(config: Path) -> None:
    port = free_port()
    for address in (f"[::]:{port}", f":{port}"):
        with serving(config, "--web.listen-address", address):
            until(lambda: status(f"http://127.0.0.1:{port}/-/healthy") == 200)
            assert status(f"http://[::1]:{port}/-/healthy") == 200


@pytest.mark.parametrize("level", ["debug", "info", "warn", "warning", "error"])
def test_every_log_level_is_accepted(level: str, config: Path) -> None:
    assert run(config, "--log.level", level, "--web.listen-address", "192.0.2.1:1").returncode == 1
    assert run(config, "--log.level", "warned").returncode == 2


def test_bad_usage_is_2_even_where_nothing_can_be_printed(tmp_path: Path) -> None:
    for arguments in (["--nonsense"], ["--config.file", str(tmp_path / "missing")]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run([*PROGRAM, *arguments], stderr=full, timeout=30, check=False)
        assert done.returncode == 2
