"""Make authorities and certificates for tests, as a real authority issues them: with key identifiers and key usage."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key

DAY = timedelta(days=1)
PEM = serialization.Encoding.PEM
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A certificate and its key, as PEM."""

    certificate: str
    key: str


class Authority:
    """A certificate authority that issues pairs for servers and clients."""

    def __init__(self, name: str = "test authority") -> None:
        self._ca = trustme.CA(organization_unit_name=name)
        self.pem = self._ca.cert_pem.bytes().decode()

    def server(self, *names: str, days: int = 1) -> Pair:
        """Return a pair for the names or addresses (127.0.0.1 without any); `days` below zero: it has expired."""
        until = datetime.now(UTC) + days * DAY
        return _pair(self._ca.issue_cert(*(names or (LOOPBACK,)), not_before=until - 2 * DAY, not_after=until))

    def client(self, name: str = "client", *others: str) -> Pair:
        """Return a pair whose alternative names are `name` and the others: host names, addresses, e-mail addresses."""
        return _pair(self._ca.issue_cert(name, *others))

    def alter(self, pair: Pair, drop: type[x509.ExtensionType], put: x509.ExtensionType | None = None) -> Pair:
        """Return the pair signed again without the extension `drop`, and with `put` in its place."""
        found = x509.load_pem_x509_certificate(pair.certificate.encode())
        builder = x509.CertificateBuilder(
            issuer_name=found.issuer,
            subject_name=found.subject,
            public_key=found.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=found.not_valid_before_utc,
            not_valid_after=found.not_valid_after_utc,
        )
        for extension in found.extensions:
            if not isinstance(extension.value, drop):
                builder = builder.add_extension(extension.value, extension.critical)
        if put is not None:
            builder = builder.add_extension(put, critical=False)
        key = load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        signed = builder.sign(key, hashes.SHA256())  # type: ignore[arg-type]  # trustme's keys are elliptic curves
        return Pair(certificate=signed.public_bytes(PEM).decode(), key=pair.key)


def encrypt_key(pair: Pair) -> str:
    """Return the key of a pair, protected by a passphrase."""
    key = load_pem_private_key(pair.key.encode(), None)
    protection = serialization.BestAvailableEncryption(b"passphrase")
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, protection).decode()


def _pair(issued: trustme.LeafCert) -> Pair:
    certificates = "".join(blob.bytes().decode() for blob in issued.cert_chain_pems)
    return Pair(certificate=certificates, key=issued.private_key_pem.bytes().decode())
