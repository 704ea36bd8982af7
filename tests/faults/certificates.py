"""Certificates for loopback: good ones, and what is wrong with others."""

import atexit
import shutil
import ssl
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


class Authority:
    """Signs certificates."""

    def __init__(self, name: str) -> None:
        self._folder = Path(mkdtemp(prefix="authority-"))
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        certificate = (
            self._builder(self._name, self._key, now - DAY, now + DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = self._folder / "authority.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def certificate(self, *names: str, days: int = 1) -> Path:
        """Return a file with a key and its certificate; `days` below zero: it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        until = datetime.now(UTC) + days * DAY
        certificate = (
            self._builder(subject, key, until - 2 * DAY, until)
            .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file = self._folder / f"{names[0]}{days}.pem"
        file.write_bytes(private + certificate.public_bytes(pem))
        return file

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, begin: datetime, end: datetime
    ) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder(issuer_name=self._name, subject_name=subject, public_key=key.public_key())
        return builder.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)


def _name(name: str) -> x509.GeneralName:
    numeric = name.replace(".", "").isdecimal()
    return x509.IPAddress(ip_address(name)) if numeric else x509.DNSName(name)


@cache
def trusted_authority() -> Authority:
    """Return the authority that the exporter is told to trust."""
    return Authority("trusted")


@cache
def stranger() -> Authority:
    """Return one that nobody trusts."""
    return Authority("stranger")


@cache
def chain(what: str, *names: str) -> Path:
    """Return a key and certificate: `good`, or with something wrong."""
    if what == "authority":
        return stranger().certificate(*names)
    if what == "name":
        return trusted_authority().certificate("another.test")
    return trusted_authority().certificate(*names, days=-1 if what == "expired" else 1)


def server_context(*names: str) -> ssl.SSLContext:
    """Return what a server of these names presents."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain("good", *names))
    return context
