"""Reads the file of `--web.config.file`, whose format is that of Prometheus' exporter-toolkit; all problems at once."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from exporter import files
from exporter.config import document, durations
from exporter.config.loader import ConfigError
from exporter.config.location import Location, Report
from exporter.config.sections import Section, attempt, parse_section
from exporter.config.values import Parser, make_choice_parser, make_number_parser, parse_boolean, parse_text, reject
from exporter.web.tls import TlsSettings
from exporter.web.tls_config import Files, tls_context, tls_settings

HEADERS: Mapping[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}
"""The headers that may be set, and where only some values are known, those."""

_BCRYPT = re.compile(r"\$2[aby]\$(?:0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSettings:
    """How many requests are answered: one each `interval` seconds, and `burst` at once."""

    interval: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """Who may connect, and how; the default is plain HTTP without authentication."""

    tls: TlsSettings | None = None
    context: ssl.SSLContext | None = field(default=None, repr=False, compare=False)
    """Made from `tls`."""
    users: Mapping[bytes, bytes] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """bcrypt hashes by name."""
    headers: tuple[tuple[str, str], ...] = ()
    rate: RateSettings | None = None
    files: Files = field(default_factory=Files, compare=False)
    """What it was read from."""


def load(path: Path) -> WebConfig:
    """Read a file, and those it names beside it; ConfigError with all that is wrong."""
    report, read = Report(), Files()
    content = _read(path, read)
    top = attempt(parse_section, document.read(content, None, report), Location(report))
    config = None if top is None else _config(top, path.absolute().parent, read)
    if config is None or report.problems:
        raise ConfigError([f"{path}: {problem}" for problem in report.problems])
    return config


def _read(path: Path, read: Files) -> str:
    """Return the text of the file; ConfigError if it cannot be read."""
    try:
        read.record(path)
        return files.read_text(path)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {(error.strerror or 'unknown error').lower()}"]) from None
    except files.UnreadableError as error:
        raise ConfigError([f"{path}: {error}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: is not valid UTF-8"]) from None


def _config(top: Section, folder: Path, read: Files) -> WebConfig:
    top.check_keys(("tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"))
    server = top.read("tls_server_config", parse_section) or Section({}, top.location)
    tls = tls_settings(server, folder, read)
    http = top.read("http_server_config", parse_section) or Section({}, top.location)
    http.check_keys(("http2", "headers"))
    http.read("http2", parse_boolean)
    return WebConfig(
        tls=tls,
        context=None if tls is None else tls_context(tls, server),
        users=MappingProxyType(top.read("basic_auth_users", _users) or {}),
        headers=http.read("headers", _headers) or (),
        rate=top.read("rate_limit", _rate),
        files=read,
    )


def _headers(value: Any, location: Location) -> tuple[tuple[str, str], ...]:
    found = parse_section(value, location)
    found.check_keys(HEADERS)
    parsers: dict[str, Parser[str]] = {
        name: make_choice_parser(*values) if values else _line for name, values in HEADERS.items()
    }
    return tuple((name, said) for name, said in found.read_all(parsers).items() if said)


def _line(value: Any, location: Location) -> str:
    """Read a header's value; a blank one leaves the header out."""
    return "" if value == "" else parse_text(value, location)


def _users(value: Any, location: Location) -> dict[bytes, bytes]:
    found = parse_section(value, location)
    for name in found.values:
        if ":" in name:
            location.key(name).problem("a name must not contain a colon")
    hashes = found.read_all(dict.fromkeys(found.values, _bcrypt))
    return {name.encode(): known.encode() for name, known in hashes.items()}


def _bcrypt(value: Any, location: Location) -> str:
    del location
    if not isinstance(value, str) or not _BCRYPT.fullmatch(value):
        reject(value, "a bcrypt hash of the password ($2y$..., 60 characters), such as `htpasswd -nBC 10 name` gives")
    return value


def _rate(value: Any, location: Location) -> RateSettings | None:
    found = parse_section(value, location)
    found.check_keys(("interval", "burst"))
    interval, burst = found.read("interval", _interval), found.read("burst", make_number_parser(0))
    if not interval:
        return None
    if not burst:
        location.key("burst").problem("must be a whole number from 1 up; otherwise every request is refused")
        return None
    return RateSettings(interval=interval, burst=burst)


def _interval(value: Any, location: Location) -> float:
    del location
    try:
        return durations.parse(str(value))
    except ValueError:
        reject(value, "a duration such as 1s or 100ms; 0 for no limit")
