"""Makes authorities and certificates for tests."""

import datetime
from dataclasses import dataclass
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = x509.IPAddress(ip_address("127.0.0.1"))
PEM = serialization.Encoding.PEM


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A certificate and its key, as PEM."""

    certificate: str
    key: str


class Authority:
    """A certificate authority that makes pairs for servers and clients."""

    def __init__(self, name: str = "test authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._builder(self._name, self._key).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self.pem = made.sign(self._key, hashes.SHA256()).public_bytes(PEM).decode()

    def server(self, name: str = "server") -> Pair:
        """Return a pair for 127.0.0.1."""
        return self._pair(name, ExtendedKeyUsageOID.SERVER_AUTH, [LOOPBACK])

    def client(self, name: str = "client", *others: x509.GeneralName) -> Pair:
        """Return a pair whose alternative names are `name` and the others."""
        return self._pair(name, ExtendedKeyUsageOID.CLIENT_AUTH, [x509.DNSName(name), *others])

    def _pair(self, name: str, use: x509.ObjectIdentifier, names: list[x509.GeneralName]) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), False)
        certificate = builder.sign(self._key, hashes.SHA256())
        written = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return Pair(certificate=certificate.public_bytes(PEM).decode(), key=written.decode())

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        day = datetime.timedelta(days=1)
        return builder.not_valid_before(now - day).not_valid_after(now + day)


def encrypt(pair: Pair) -> str:
    """Return the key of a pair, protected by a passphrase."""
    key = serialization.load_pem_private_key(pair.key.encode(), None)
    protection = serialization.BestAvailableEncryption(b"passphrase")
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, protection).decode()
