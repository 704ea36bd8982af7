"""Reads `tls_server_config` of the web configuration: its keys, and the files that they name."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporter.config.location import Location
from exporter.config.sections import Section, make_list_parser
from exporter.config.values import (
    InvalidValueError,
    make_choice_parser,
    make_path_parser,
    parse_boolean,
    parse_text,
    read_file_text,
    reject,
)
from exporter.files import Stamp, stamp
from exporter.web.tls import CIPHERS, CLIENT_AUTH, CURVES, VERSIONS, TlsSettings, TlsSettingsError, server_context

_UNVERIFIED = ("RequireClientCert", "RequireAnyClientCert")
_PLAIN = ("min_version", "max_version", "client_auth_type", "client_allowed_sans", "cipher_suites", "curve_preferences")
_PEM = ("cert", "key", "client_ca")


@dataclass(slots=True)
class Files:
    """The files that a configuration was read from, each with its stamp from before it was read."""

    stamps: dict[Path, Stamp] = field(default_factory=dict)

    def record(self, path: Path) -> None:
        """Record the stamp of a file before its content is read."""
        self.stamps[path] = stamp(path)

    def now(self) -> Sequence[Stamp]:
        """Return the current stamps of the files."""
        return [stamp(path) for path in self.stamps]


def tls_settings(found: Section, folder: Path, files: Files) -> TlsSettings | None:
    """Return the settings; None without TLS, or if they are wrong, which is reported."""
    found.check_keys([*_PLAIN, "prefer_server_cipher_suites", *(key for pem in _PEM for key in (pem, f"{pem}_file"))])
    wanted = any(key in found for pem in _PEM for key in (pem, f"{pem}_file")) or "client_auth_type" in found
    pems = {pem: _pem(found, pem, folder, files, required=wanted and pem != "client_ca") for pem in _PEM}
    auth = found.read("client_auth_type", _client_auth)
    sans = found.read("client_allowed_sans", make_list_parser(parse_text))
    ciphers, curves = found.read("cipher_suites", _ciphers), found.read("curve_preferences", _curves)
    prefer = found.read("prefer_server_cipher_suites", parse_boolean)
    minimum, maximum = _versions(found, only_13=bool(found.values.get("cipher_suites")) and not ciphers)
    _check_clients(found, auth or "NoClientCert", sans=sans is not None)
    certificate, key = pems["cert"], pems["key"]
    if certificate is None or key is None:
        return None
    return TlsSettings(
        certificate=certificate,
        key=key,
        client_auth=CLIENT_AUTH[auth or "NoClientCert"],
        client_ca=pems["client_ca"],
        client_allowed_sans=None if sans is None else frozenset(sans),
        minimum=minimum,
        maximum=maximum,
        ciphers=ciphers or (),
        prefer_server_ciphers=prefer is not False,
        curves=curves or (),
    )


def _versions(found: Section, *, only_13: bool) -> tuple[ssl.TLSVersion, ssl.TLSVersion]:
    """Return the oldest and the newest version; `only_13` says that no cipher of an older one is left."""
    least, most = (
        found.read("min_version", make_choice_parser(*VERSIONS)),
        found.read("max_version", make_choice_parser(*VERSIONS)),
    )
    if most in ("TLS10", "TLS11"):
        found.location.key("max_version").problem("must be TLS12 or TLS13; older versions are not supported")
    minimum = VERSIONS["TLS13" if only_13 else least or "TLS12"]
    maximum = VERSIONS[most or "TLS13"]
    if minimum > maximum:
        key, cause = ("cipher_suites", "are all of TLS 1.3, which is") if only_13 else ("min_version", "is")
        found.location.key(key).problem(f"{cause} above max_version")
    return minimum, maximum


def tls_context(tls: TlsSettings, server: Section) -> ssl.SSLContext | None:
    """Return the context; None if it fails, which is reported at its key."""
    try:
        return server_context(tls)
    except TlsSettingsError as error:
        key = f"{error.key}_file" if f"{error.key}_file" in server else error.key
        server.location.key(key).problem(str(error))
        return None


def _pem(found: Section, key: str, folder: Path, files: Files, *, required: bool) -> str | None:
    """Return the PEM text that is given directly or as a file."""
    by_file = f"{key}_file"
    if key in found and by_file in found:
        found.location.key(by_file).problem(f"{key} is given too; keep one of the two")
    if required and key not in found and by_file not in found:
        found.location.key(by_file).problem(f"is missing; TLS needs {key} or {by_file}")

    def read(value: Any, location: Location) -> str:
        path = make_path_parser(folder)(value, location)
        files.record(path)
        return read_file_text(path)

    return found.read(by_file, read) if by_file in found else found.read(key, _block)


def _check_clients(found: Section, auth: str, *, sans: bool) -> None:
    has_ca = "client_ca" in found or "client_ca_file" in found
    if has_ca and auth == "NoClientCert" and "client_auth_type" not in found:
        found.location.key("client_auth_type").problem("is missing; without it, client_ca has no effect")
    elif has_ca and found.values.get("client_auth_type") == "NoClientCert":
        found.location.key("client_auth_type").problem("must not be NoClientCert where there is a client_ca")
    if not has_ca and CLIENT_AUTH[auth] is not ssl.CERT_NONE:
        found.location.key("client_ca_file").problem(
            f"is missing; {auth} needs an authority to verify certificates against"
        )
    if sans and auth != "RequireAndVerifyClientCert":
        found.location.key("client_allowed_sans").problem("needs client_auth_type: RequireAndVerifyClientCert")


def _client_auth(value: Any, location: Location) -> str:
    if value in _UNVERIFIED:
        raise InvalidValueError("a certificate that is not verified is not accepted; use RequireAndVerifyClientCert")
    return make_choice_parser(*CLIENT_AUTH)(value, location)


def _ciphers(value: Any, location: Location) -> tuple[str, ...]:
    chosen = (CIPHERS[name] for name in make_list_parser(make_choice_parser(*CIPHERS))(value, location))
    return tuple(name for name in chosen if name is not None)


def _curves(value: Any, location: Location) -> tuple[str, ...]:
    return tuple(CURVES[name] for name in make_list_parser(make_choice_parser(*CURVES))(value, location))


def _block(value: Any, location: Location) -> str:
    """Read a text of several lines."""
    del location
    return value if isinstance(value, str) and value.strip() else reject(value, "a text in PEM form")
