"""Certificates for loopback: good ones, and what is wrong with others."""

import atexit
import shutil
import ssl
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509

from tests.certificates import Authority, Pair


@cache
def trusted_authority() -> Authority:
    """Return the authority that the exporter is configured to trust."""
    return Authority("trusted")


@cache
def stranger() -> Authority:
    """Return one that is not trusted."""
    return Authority("stranger")


@cache
def authority_file() -> Path:
    """Return the file that `ca_file` names."""
    file = _folder() / "authority.pem"
    file.write_text(trusted_authority().pem)
    return file


@cache
def chain(what: str, *names: str) -> Path:
    """Return a key and certificate: `good`, or with something wrong."""
    return _write(f"{what}-{names[0]}", _issue(what, names))


def server_context(*names: str) -> ssl.SSLContext:
    """Return what a server of these names presents."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain("good", *names))
    return context


def _issue(what: str, names: tuple[str, ...]) -> Pair:
    if what == "authority":
        return stranger().server(*names)
    if what == "name":
        return trusted_authority().server("another.test")
    if what == "identifier":
        return trusted_authority().alter(trusted_authority().server(*names), x509.AuthorityKeyIdentifier)
    return trusted_authority().server(*names, days=-1 if what == "expired" else 1)


def _write(name: str, pair: Pair) -> Path:
    file = _folder() / f"{name}.pem"
    file.write_text(pair.key + pair.certificate)
    return file


@cache
def _folder() -> Path:
    folder = Path(mkdtemp(prefix="authority-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
