"""Reads the configuration: a YAML file in, frozen settings and warnings out, or all of its problems at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from exporter import files, registry
from exporter.config import document
from exporter.config.globs import make_glob_parser
from exporter.config.location import Location, Report
from exporter.config.options import list_option_keys, read_options
from exporter.config.sections import Section, attempt, find_nearest, make_list_parser, parse_labels, parse_section
from exporter.config.values import (
    InvalidValueError,
    Parser,
    make_certificates_parser,
    make_choice_parser,
    make_number_parser,
    make_path_parser,
    parse_boolean,
    parse_duration,
    parse_fraction,
    parse_proxy,
    parse_text,
)
from exporter.config.verdict import ignored_of_resource, ignored_of_source, parse_excluded_families, parse_thresholds
from exporter.provider import Provider
from exporter.settings import Override, Settings, Source, Thresholds, VerifyDownloads

_DEFAULTS: Mapping[str, Parser[Any]] = {
    "poll_interval": parse_duration,
    "discovery_interval": parse_duration,
    "progress_interval": parse_duration,
    "request_timeout": parse_duration,
    "max_age": parse_duration,
    "max_duration": parse_duration,
    "proxy_url": parse_proxy,
}
_LIMITS: Mapping[str, Parser[Any]] = {
    "max_age": parse_duration,
    "max_duration": parse_duration,
    "min_backups": make_number_parser(0),
    "min_retention": parse_duration,
    "paused": parse_boolean,
    "labels": parse_labels,
}
_RATE: Mapping[str, Parser[Any]] = {"requests": make_number_parser(1), "per": parse_duration, "share": parse_fraction}
_OF_OVERRIDE: Mapping[str, Parser[Any]] = {**_LIMITS, "thresholds": parse_thresholds, "ignore": ignored_of_resource}
_VERIFY: Mapping[str, Parser[Any]] = {
    "interval": parse_duration,
    "method": make_choice_parser("range", "full"),
    "allow_private": parse_boolean,
    "bytes_per_second": make_number_parser(1),
}
_OTHERS = (
    "name",
    "provider",
    "rate_limit",
    "include",
    "exclude",
    "resources",
    "ca_file",
    "shard_by",
    "thresholds",
    "ignore",
    "verify_downloads",
)

TOP_KEYS = (*_DEFAULTS, "thresholds", "metrics", "state_file", "declarations", "sources")
INLINE, INLINE_KEY = "http_json", "api"
"""The provider that a source declares itself, and the key under which it does."""
SOURCE_KEYS = tuple(dict.fromkeys((*_OTHERS, *_DEFAULTS, *_LIMITS)))
OVERRIDE_KEYS = tuple(_OF_OVERRIDE)
RATE_LIMIT_KEYS = tuple(_RATE)
VERIFY_KEYS = tuple(_VERIFY)


class ConfigError(Exception):
    """The configuration cannot be used."""

    def __init__(self, problems: Sequence[str], warnings: Sequence[str] = ()) -> None:
        """Take the problems, each one line that names its place and its cure, and the warnings beside them."""
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
        self.warnings = tuple(warnings)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedConfig:
    """A configuration's settings, and what is allowed in it but probably not intended."""

    settings: Settings
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Context:
    """What a configuration refers to."""

    environ: Mapping[str, str]
    folder: Path
    providers: Mapping[str, Provider]
    vendors: "DeclaredVendors | None"


class DeclaredVendors(Protocol):
    """What is known of vendors beyond those built in, and what the configuration adds to them."""

    @property
    def providers(self) -> Mapping[str, Provider]:
        """All providers by name; one that cannot be made raises ValueError."""
        ...

    def clashes(self) -> Sequence[str]:
        """Return a problem for each name that two providers have."""
        ...

    def read_files(self, patterns: Sequence[str], folder: Path, location: Location) -> None:
        """Add the declarations of files."""
        ...

    def read_inline(self, value: Any, name: str, location: Location) -> Provider | None:
        """Return the provider that a source declares itself."""
        ...


def load(
    path: Path,
    environ: Mapping[str, str],
    *,
    providers: Mapping[str, Provider] | None = None,
    vendors: DeclaredVendors | None = None,
) -> LoadedConfig:
    """Read a configuration file, or raise ConfigError."""
    try:
        content = files.read_text(path)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {(error.strerror or 'unknown error').lower()}"]) from None
    except files.UnreadableError as error:
        raise ConfigError([f"{path}: {error}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: is not valid UTF-8"]) from None
    return parse(content, environ, path.absolute().parent, providers=providers, vendors=vendors, file=str(path))


def parse(
    content: str,
    environ: Mapping[str, str],
    base_dir: Path,
    *,
    providers: Mapping[str, Provider] | None = None,
    vendors: DeclaredVendors | None = None,
    file: str | None = None,
) -> LoadedConfig:
    """Read the text of a configuration whose relative paths start at `base_dir`, or raise ConfigError.

    With the name of its `file`, problems and warnings begin with it and with the line.
    """
    report = Report(file=file)
    known = vendors.providers if vendors is not None else registry.providers() if providers is None else providers
    context = _Context(environ, base_dir, known, vendors)
    top = attempt(parse_section, document.read(content, environ, report), Location(report))
    settings = None if top is None else _read_settings(top, context)
    if settings is None or report.problems:
        raise ConfigError(report.problems, report.warnings)
    return LoadedConfig(settings=settings, warnings=tuple(report.warnings))


def _read_settings(top: Section, context: _Context) -> Settings:
    top.check_keys(TOP_KEYS)
    shared = top.read_all(_DEFAULTS)
    shared["thresholds"] = replace(Thresholds(), **dict(top.read("thresholds", parse_thresholds) or ()))
    state_file = top.read("state_file", _make_state_file_parser(context.folder))
    excluded = top.read("metrics", parse_excluded_families)
    if context.vendors is not None:
        top.location.report.problems.extend(context.vendors.clashes())
        patterns = top.read("declarations", make_list_parser(parse_text)) or ()
        context.vendors.read_files(patterns, context.folder, top.location.key("declarations"))
    entries = top.require("sources", _parse_entries, "list at least one source") or ()
    names: dict[str, Section] = {}
    sources = []
    for entry in entries:
        name = entry.require("name", parse_text, "give the source a name of its own") or ""
        if name and names.setdefault(name, entry) is not entry:
            entry.location.key("name").problem(
                f"{names[name].location.path} has the same name; every source needs its own"
            )
        sources.append(_read_source(entry, name, shared, context))
    return Settings(
        sources=tuple(source for source in sources if source is not None),
        state_file=state_file if isinstance(state_file, Path) else None,
        state_file_given="state_file" in top,
        excluded_families=excluded or frozenset(),
    )


def _make_state_file_parser(folder: Path) -> Parser[Path | Literal["none"]]:
    """Make the parser of the state file's path, or of the word that switches it off."""

    def read(value: Any, location: Location) -> Path | Literal["none"]:
        if value == "none":
            return "none"
        path = make_path_parser(folder)(value, location)
        if files.is_folder(path):
            raise InvalidValueError("is a folder; name a file in it")
        if not files.is_folder(path.parent):
            location.warning(f"there is no folder {path.parent}; create it, or nothing is kept across a restart")
        return path

    return read


def _parse_entries(value: Any, location: Location) -> tuple[Section, ...]:
    if value is None or value == []:
        raise InvalidValueError("is empty; list at least one source")
    return make_list_parser(parse_section)(value, location)


def _read_source(entry: Section, name: str, shared: Mapping[str, Any], context: _Context) -> Source | None:
    """Return a source; None if its provider is invalid. Problems inside are reported either way."""
    known = ", ".join(context.providers)
    provider_name = entry.require("provider", _make_provider_name_parser(context), f"known are {known}")
    provider = None if provider_name is None else _find_provider(entry, provider_name, name, context)
    candidates = [provider] if provider is not None else () if provider_name else registry.providers().values()
    own_keys = [INLINE_KEY] if provider_name == INLINE else []
    if candidates:
        entry.check_keys(
            [*SOURCE_KEYS, *own_keys, *(key for candidate in candidates for key in list_option_keys(candidate))]
        )
    values = {**shared, **entry.read_all({**_DEFAULTS, **_LIMITS, **_make_source_parsers(context)})}
    own = dict(entry.read("thresholds", parse_thresholds) or ())
    values["thresholds"] = replace(shared["thresholds"], **own)
    rate = entry.read("rate_limit", _parse_rate_limit) or {}
    if provider is None or provider_name is None:
        return None
    if (provider.details is None or not provider.has_schedule) and not {"max_age"} & (
        values.keys() | entry.values.keys()
    ):
        entry.location.key("max_age").warning(
            f"no limit known: {provider_name} reports no schedule, so without max_age no backup is ever too old"
        )
    if provider.download is None and values.get("verify_downloads") is not None:
        entry.location.key("verify_downloads").warning(
            f"has no effect: {provider_name} gives no link to download a backup; leave it out"
        )
    return Source(
        name=name,
        provider=provider,
        provider_name=provider_name,
        options=read_options(entry, provider, context.folder),
        rate_limit=replace(provider.rate_limit, **rate),
        overrides=entry.read("resources", _make_overrides_parser(context.environ)) or (),
        **values,
    )


def _find_provider(entry: Section, provider_name: str, name: str, context: _Context) -> Provider | None:
    """Return the provider of a source; None, with its problems noted, if it cannot be made."""
    if provider_name != INLINE or context.vendors is None:
        try:
            return context.providers[provider_name]
        except ValueError as error:
            for problem in str(error).splitlines():
                entry.location.key("provider").problem(problem)
            return None
    if INLINE_KEY not in entry:
        entry.location.key(INLINE_KEY).problem("is missing; declare the vendor's API there")
        return None
    return context.vendors.read_inline(entry.values[INLINE_KEY], name, entry.location.key(INLINE_KEY))


def _make_source_parsers(context: _Context) -> Mapping[str, Parser[Any]]:
    """Return the parsers of what only a source has."""
    return {
        "include": make_list_parser(make_glob_parser("it excludes nothing")),
        "exclude": make_list_parser(make_glob_parser("nothing of this source is watched")),
        "ca_file": make_certificates_parser(context.folder),
        "shard_by": make_choice_parser("source", "resource"),
        "ignore": ignored_of_source,
        "verify_downloads": _verify_downloads,
    }


def _make_provider_name_parser(context: _Context) -> Parser[str]:
    known = (*context.providers, *([INLINE] if context.vendors is not None else []))

    def read(value: Any, location: Location) -> str:
        name = parse_text(value, location)
        if name not in known:
            raise InvalidValueError(f"unknown provider; the nearest is {find_nearest(name, known)}")
        return name

    return read


def _parse_rate_limit(value: Any, location: Location) -> dict[str, Any]:
    limit = parse_section(value, location)
    limit.check_keys(RATE_LIMIT_KEYS)
    return limit.read_all(_RATE)


def _verify_downloads(value: Any, location: Location) -> VerifyDownloads | None:
    """Read how downloads are verified; a key without a value leaves it off."""
    if value is None:
        return None
    rules = parse_section(value, location)
    rules.check_keys(VERIFY_KEYS)
    return VerifyDownloads(**rules.read_all(_VERIFY))


def _make_overrides_parser(environ: Mapping[str, str]) -> Parser[tuple[Override, ...]]:
    """Make the parser of overrides by their globs, in which variables are filled in as in values."""

    def read(value: Any, location: Location) -> tuple[Override, ...]:
        found = []
        for written, said in parse_section(value, location).values.items():
            at = location.key(written)
            pattern = attempt(
                make_glob_parser("its keys can be given on the source itself"),
                document.substitute(written, environ, at),
                at,
            )
            limits = attempt(parse_section, said, at)
            if limits is not None:
                limits.check_keys(OVERRIDE_KEYS)
                found.append(Override(pattern=pattern or "", **limits.read_all(_OF_OVERRIDE)))
        return tuple(found)

    return read
