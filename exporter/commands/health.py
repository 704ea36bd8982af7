"""`backup-exporter health`: asks the exporter of this container whether it is alive, at the address it listens on."""

import re
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

PATIENCE = 4.0
ANYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - read, not bound


def health(first_process: Path = Path("/proc/1/cmdline")) -> int:
    """Return 0 if the exporter answers, 1 if not.

    The address is read from the command line of process 1, so it follows the one configured. A server that asks for a
    password or a client's certificate has answered.
    """
    words = first_process.read_bytes().decode(errors="replace").split("\0")
    address, tls = listens_at(words)
    scheme = "https" if tls else "http"
    context = ssl._create_unverified_context() if tls else None  # noqa: S323 - its own certificate, over loopback
    try:
        with urllib.request.urlopen(f"{scheme}://{address}/-/healthy", timeout=PATIENCE, context=context):  # noqa: S310
            return 0
    except urllib.error.HTTPError as error:
        error.close()
        return 0 if error.code < 500 else 1
    except ssl.SSLError:
        return 0  # it is there, and wants a certificate of ours
    except OSError as error:
        alive = isinstance(getattr(error, "reason", None), ssl.SSLError)
        if not alive:
            print(f"no answer at {address}", file=sys.stderr)
        return 0 if alive else 1


def listens_at(words: Sequence[str]) -> tuple[str, bool]:
    """Return the address that a command line makes the exporter listen on, and whether it is with TLS."""
    flags = re.split(r"[= ]", " ".join(words))
    given = dict(pairwise(flags))
    host, _, port = given.get("--web.listen-address", ":10342").rpartition(":")
    web_config = given.get("--web.config.file")
    tls = web_config is not None and "tls_server_config" in Path(web_config).read_text()
    return f"{ANYWHERE.get(host, host)}:{port}", tls
