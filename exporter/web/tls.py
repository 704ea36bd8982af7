"""Makes the server's TLS context from the web configuration, which uses Go's names, with OpenSSL."""

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from tempfile import NamedTemporaryFile

VERSIONS: Mapping[str, ssl.TLSVersion] = {
    "TLS10": ssl.TLSVersion.TLSv1_2,  # no older version is supported, whatever the file allows
    "TLS11": ssl.TLSVersion.TLSv1_2,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
CLIENT_AUTH: Mapping[str, ssl.VerifyMode] = {
    "NoClientCert": ssl.CERT_NONE,
    "RequestClientCert": ssl.CERT_NONE,  # a certificate that is not checked need not be asked for
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
CURVES: Mapping[str, str] = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}
CIPHERS: Mapping[str, str | None] = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256": "AES128-GCM-SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384": "AES256-GCM-SHA384",
    "TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA": "AES256-SHA",
    "TLS_AES_128_GCM_SHA256": None,  # those of TLS 1.3 cannot be chosen among, in Go neither
    "TLS_AES_256_GCM_SHA384": None,
    "TLS_CHACHA20_POLY1305_SHA256": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """What `tls_server_config` says, with the content of the files that it names."""

    certificate: str
    key: str = field(repr=False)
    client_auth: ssl.VerifyMode = ssl.CERT_NONE
    client_ca: str | None = None
    client_allowed_sans: frozenset[str] | None = None
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: tuple[str, ...] = ()
    """OpenSSL's names; none: OpenSSL's choice."""
    prefer_server_ciphers: bool = True
    curves: tuple[str, ...] = ()
    """OpenSSL's names."""


class TlsSettingsError(Exception):
    """The TLS settings cannot be used; `key` names the setting at fault."""

    def __init__(self, key: str, problem: str) -> None:
        """Take the key under `tls_server_config`, and one line."""
        super().__init__(problem)
        self.key = key


def server_context(settings: TlsSettings) -> ssl.SSLContext:
    """Return the TLS context for new connections, or raise TlsSettingsError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = settings.minimum, settings.maximum
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    if settings.prefer_server_ciphers:
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    else:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if settings.ciphers:
        try:
            context.set_ciphers(":".join(settings.ciphers))
        except ssl.SSLError:
            raise TlsSettingsError("cipher_suites", "OpenSSL supports none of these") from None
    if len(settings.curves) == 1:  # of several OpenSSL takes its own choice: Python can name it only one
        context.set_ecdh_curve(settings.curves[0])
    _load_pair(context, settings)
    _load_authorities(context, settings)
    return context


def subject_alt_names(peer: Mapping[str, object] | None) -> set[str]:
    """Return the alternative names of a verified client certificate, as Python returns it."""
    found = peer.get("subjectAltName", ()) if peer else ()
    assert isinstance(found, tuple)  # noqa: S101 - so the standard library says
    return {_canonical_address(value) if kind == "IP Address" else value for kind, value in found}


def _canonical_address(address: str) -> str:
    """Return an address as Go writes it: OpenSSL writes IPv6 in capitals and at full length."""
    return str(ip_address(address))


def _load_pair(context: ssl.SSLContext, settings: TlsSettings) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=_in_ascii(settings.certificate))
    except (ssl.SSLError, ValueError):
        raise TlsSettingsError("cert", "holds no certificate in PEM form") from None
    try:
        with _as_file(f"{settings.certificate}\n{settings.key}\n") as path:
            context.load_cert_chain(path, password=lambda: "")  # or OpenSSL would ask at the terminal
    except (ssl.SSLError, ValueError) as error:
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            raise TlsSettingsError("key", "does not belong to the certificate") from None
        raise TlsSettingsError("key", "holds no private key in PEM form, or an encrypted one, or a weak one") from None


def _load_authorities(context: ssl.SSLContext, settings: TlsSettings) -> None:
    context.check_hostname, context.verify_mode = False, settings.client_auth
    if settings.client_ca is None:
        return
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an authority need not be a root, as in Go
    try:
        context.load_verify_locations(cadata=_in_ascii(settings.client_ca))
    except (ssl.SSLError, ValueError):
        raise TlsSettingsError("client_ca", "holds no certificate in PEM form") from None


def _in_ascii(pem: str) -> str:
    """Return certificates with the text between them in ASCII, since Python accepts only ASCII."""
    return pem.encode("ascii", "replace").decode()


@contextmanager
def _as_file(content: str) -> Iterator[str]:
    """Put a text into a temporary file, in memory where possible: OpenSSL reads keys only from files."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("pem"), "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
        return
    with NamedTemporaryFile("w", encoding="utf-8") as file:  # only its owner can read it
        file.write(content)
        file.flush()
        yield file.name
