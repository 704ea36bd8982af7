"""`backup-exporter health`: asks the exporter of this container whether it is alive, at the address it listens on."""

import argparse
import re
import ssl
import sys
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

TIMEOUT = 4.0
WILDCARD_HOSTS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - read, not bound
COMMENT = re.compile(r"(?m)(?:^|\s)#.*$")


def add_flags(_: argparse.ArgumentParser) -> None:
    """Add nothing: the command has no flags."""


def run(_: argparse.Namespace) -> int:
    """Ask the exporter whether it is alive; return the exit code."""
    return check_health()


def check_health(first_process: Path = Path("/proc/1/cmdline")) -> int:
    """Return 0 if the exporter answers, 1 if not.

    The address is read from the command line of process 1, so it follows the one configured.
    """
    try:
        address, tls = find_address(first_process.read_bytes().decode(errors="replace").split("\0"))
    except (OSError, ValueError) as error:
        print(f"cannot find out where it listens: {type(error).__name__}", file=sys.stderr)
        return 1
    if is_alive(address, tls=tls):
        return 0
    print(f"no answer at {address}", file=sys.stderr)
    return 1


def find_address(words: Sequence[str]) -> tuple[str, bool]:
    """Return the address that a command line makes the exporter listen on, and whether it is with TLS."""
    given = dict(_read_flags(words))
    host, _, port = given.get("--web.listen-address", ":10342").rpartition(":")
    web_config = given.get("--web.config.file")
    tls = bool(web_config) and "tls_server_config" in COMMENT.sub("", Path(web_config or "").read_text())
    return f"{WILDCARD_HOSTS.get(host, host)}:{port}", tls


def is_alive(address: str, *, tls: bool) -> bool:
    """Return whether a server is alive there.

    One that asks for a password has answered, and so has one that turns away a client without a certificate. No proxy
    of the environment is asked: its answer would not be the exporter's.
    """
    context = ssl._create_unverified_context()  # noqa: S323 - the exporter's own certificate, over loopback
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
    try:
        with opener.open(f"{'https' if tls else 'http'}://{address}/-/healthy", timeout=TIMEOUT):
            return True
    except HTTPError as error:
        with error:
            return error.code < 500
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        return tls and isinstance(reason, (ssl.SSLError, ConnectionResetError, BrokenPipeError))


def _read_flags(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the flags with their values; a word may be a whole command line, as a shell has it."""
    parts = [part for word in words for part in (word.split() if " --" in word else (word,))]
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        name, equals, value = part.partition("=")
        yield name, value if equals else following
