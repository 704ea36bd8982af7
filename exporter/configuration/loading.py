"""Reads the configuration: a YAML file in, frozen settings and warnings out, or all of its problems at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from exporter import registry
from exporter.configuration import document
from exporter.configuration.options import option_keys, read_options
from exporter.configuration.places import Notes, Place
from exporter.configuration.sections import Section, attempt, labels, listed, nearest, section
from exporter.configuration.values import (
    Reader,
    RefusedError,
    boolean,
    certificates_from,
    duration,
    one_of,
    path_from,
    proxy,
    share,
    text,
    whole,
)
from exporter.provider import Provider
from exporter.settings import Override, Settings, Source

_SHARED: Mapping[str, Reader[Any]] = {
    "poll_interval": duration,
    "discovery_interval": duration,
    "progress_interval": duration,
    "request_timeout": duration,
    "max_age": duration,
    "max_duration": duration,
    "proxy_url": proxy,
}
_LIMITS: Mapping[str, Reader[Any]] = {
    "max_age": duration,
    "max_duration": duration,
    "min_backups": whole(0),
    "min_retention": duration,
    "paused": boolean,
    "labels": labels,
}
_RATE: Mapping[str, Reader[Any]] = {"requests": whole(1), "per": duration, "share": share}
_OTHERS = ("name", "provider", "rate_limit", "include", "exclude", "resources", "ca_file", "shard_by")

TOP_KEYS = (*_SHARED, "state_file", "sources")
SOURCE_KEYS = tuple(dict.fromkeys((*_OTHERS, *_SHARED, *_LIMITS)))
OVERRIDE_KEYS = tuple(_LIMITS)
RATE_LIMIT_KEYS = tuple(_RATE)


class ConfigurationError(Exception):
    """The configuration cannot be used."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Take the problems, each one line that names its place and its cure."""
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a configuration says, and what is allowed in it but probably not meant."""

    settings: Settings
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What a configuration refers to."""

    environ: Mapping[str, str]
    folder: Path
    providers: Mapping[str, Provider]


def load(path: Path, environ: Mapping[str, str], *, providers: Mapping[str, Provider] | None = None) -> Loaded:
    """Read a configuration file, or raise ConfigurationError."""
    try:
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be read: {(error.strerror or 'unknown error').lower()}"]) from None
    except ValueError:
        raise ConfigurationError([f"{path}: is no UTF-8 text"]) from None
    return parse(content, environ, path.absolute().parent, providers=providers)


def parse(
    content: str, environ: Mapping[str, str], base_dir: Path, *, providers: Mapping[str, Provider] | None = None
) -> Loaded:
    """Read the text of a configuration whose relative paths start at `base_dir`, or raise ConfigurationError."""
    notes = Notes()
    around = _Surroundings(environ, base_dir, registry.providers() if providers is None else providers)
    top = attempt(section, document.read(content, environ, notes), Place(notes))
    settings = None if top is None else _settings(top, around)
    if settings is None or notes.problems:
        raise ConfigurationError(notes.problems)
    return Loaded(settings=settings, warnings=tuple(notes.warnings))


def _settings(top: Section, around: _Surroundings) -> Settings:
    top.expect(TOP_KEYS)
    shared = top.given(_SHARED)
    state_file = top.read("state_file", path_from(around.folder))
    entries = top.require("sources", _entries, "list at least one source") or ()
    names: dict[str, Section] = {}
    sources = []
    for entry in entries:
        name = entry.require("name", text, "give the source a name of its own") or ""
        if name and names.setdefault(name, entry) is not entry:
            entry.place.key("name").problem(f"{names[name].place.path} has the same name; every source needs its own")
        sources.append(_source(entry, name, shared, around))
    return Settings(sources=tuple(source for source in sources if source is not None), state_file=state_file)


def _entries(value: Any, place: Place) -> tuple[Section, ...]:
    if value is None or value == []:
        raise RefusedError("is empty; list at least one source")
    return listed(section)(value, place)


def _source(entry: Section, name: str, shared: Mapping[str, Any], around: _Surroundings) -> Source | None:
    """Return a source; None if its provider is in question. What is wrong inside is noted either way."""
    provider_name = entry.require("provider", _known_in(around.providers), f"known are {', '.join(around.providers)}")
    candidates = around.providers.values() if provider_name is None else [around.providers[provider_name]]
    entry.expect([*SOURCE_KEYS, *(key for candidate in candidates for key in option_keys(candidate))])
    values = {**shared, **entry.given({**_SHARED, **_LIMITS, **_watching(around)})}
    rate = entry.read("rate_limit", _rate_limit) or {}
    if provider_name is None:
        return None
    provider = around.providers[provider_name]
    if provider.facts is None and "max_age" not in values:
        entry.place.key("max_age").warning(
            f"no limit known: {provider_name} tells no schedule, so without max_age no backup is ever too old"
        )
    return Source(
        name=name,
        provider=provider,
        provider_name=provider_name,
        options=read_options(entry, provider, around.folder),
        rate_limit=replace(provider.rate_limit, **rate),
        overrides=entry.read("resources", _overrides(around.environ)) or (),
        **values,
    )


def _watching(around: _Surroundings) -> Mapping[str, Reader[Any]]:
    """Return the readers of what only a source has."""
    return {
        "include": listed(_glob("it leaves nothing out")),
        "exclude": listed(_glob("nothing of this source is watched")),
        "ca_file": certificates_from(around.folder),
        "shard_by": one_of("source", "resource"),
    }


def _known_in(providers: Mapping[str, Provider]) -> Reader[str]:
    def read(value: Any, place: Place) -> str:
        name = text(value, place)
        if name not in providers:
            raise RefusedError(f"unknown provider; the nearest known one is {nearest(name, providers)}")
        return name

    return read


def _rate_limit(value: Any, place: Place) -> dict[str, Any]:
    limit = section(value, place)
    limit.expect(RATE_LIMIT_KEYS)
    return limit.given(_RATE)


def _overrides(environ: Mapping[str, str]) -> Reader[tuple[Override, ...]]:
    """Make the reader of overrides by their globs, in which variables are filled in as in values."""

    def read(value: Any, place: Place) -> tuple[Override, ...]:
        found = []
        for written, said in section(value, place).values.items():
            at = place.key(written)
            pattern = attempt(
                _glob("its keys can stand on the source itself"), document.filled(written, environ, at), at
            )
            limits = attempt(section, said, at)
            if limits is not None:
                limits.expect(OVERRIDE_KEYS)
                found.append(Override(pattern=pattern or "", **limits.given(_LIMITS)))
        return tuple(found)

    return read


def _glob(consequence: str) -> Reader[str]:
    """Make the reader of a glob that warns of one that every name matches."""

    def read(value: Any, place: Place) -> str:
        pattern = text(value, place)
        if not pattern.replace("*", "").removeprefix("?"):
            place.warning(f"this glob matches every name, so {consequence}")
        return pattern

    return read
