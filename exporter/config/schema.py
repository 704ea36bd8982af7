"""Describes the configuration as a JSON Schema for editors, which refuses wrong keys and durations as `check` does.

A text may hold `${VAR}` wherever it is filled in later, so whatever holds one passes. The dialect is draft 7, which the
YAML language server understands.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from exporter.config.loader import INLINE, INLINE_KEY
from exporter.config.options import make_option_schemas
from exporter.config.sections import RESERVED_LABELS
from exporter.labels import LABEL_NAME
from exporter.provider import Provider
from exporter.state.problem import RESOURCE_WORDS, SOURCE_WORDS

Schema = Mapping[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"
VARIABLE = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"
_UNITS = (("w", 5), ("d", 6), ("h", 7), ("m", 9), ("s", 10), ("ms", 13))
"""With the most digits that a duration of up to 292 years has."""
_YEARS = r"(?:0*(?:29[0-2]|2[0-8][0-9]|1?[0-9]{1,2})y)?"
_SPAN = _YEARS + "".join(rf"(?:0*[0-9]{{1,{digits}}}{unit})?" for unit, digits in _UNITS)


def either(*forms: Schema) -> Schema:
    """Return the schema of what has one of these forms, or is filled in from a variable."""
    return {"anyOf": [*forms, {"type": "string", "pattern": VARIABLE}]}


DURATION = either({"type": "string", "pattern": rf"^\s*(?=.*[1-9]){_SPAN}\s*$"})
TEXT: Schema = {"type": ["string", "integer"], "minLength": 1}
URL = either({"type": "string", "pattern": r"^\s*[hH][tT][tT][pP][sS]?://"})
BOOLEAN: Schema = {"type": "boolean"}
SHARE: Schema = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}
LABELS: Schema = {
    "type": ["object", "null"],
    "additionalProperties": TEXT,
    "propertyNames": {
        "pattern": f"^(?!resource_|__){LABEL_NAME.pattern}$",
        "not": {"enum": sorted(RESERVED_LABELS)},
    },
}


def whole(least: int) -> Schema:
    """Return the schema of a whole number from `least` up."""
    return {"type": "integer", "minimum": least}


def times(least: float) -> Schema:
    """Return the schema of a number of times above `least`."""
    return {"type": "number", "exclusiveMinimum": least}


def words(known: Iterable[str]) -> Schema:
    """Return the schema of one of a few words."""
    return either({"enum": sorted(known)})


def texts(element: Schema = TEXT) -> Schema:
    """Return the schema of a list, which may be left without a value."""
    return {"type": ["array", "null"], "items": element}


def mapping(keys: Mapping[str, Schema], *, null: bool = True) -> Schema:
    """Return the schema of a mapping with these keys and no others."""
    kinds = ["object", "null"] if null else "object"
    return {"type": kinds, "properties": dict(keys), "additionalProperties": False}


THRESHOLDS = mapping({
    "too_old_critical": times(1),
    "failures": whole(1),
    "stuck": times(0),
    "stalled": DURATION,
    "slow": times(0),
    "size_drop": SHARE,
    "size_growth": times(0),
    "restore_failed": DURATION,
})  # fmt: skip
DEFAULTS: Mapping[str, Schema] = {
    "poll_interval": DURATION,
    "discovery_interval": DURATION,
    "progress_interval": DURATION,
    "request_timeout": DURATION,
    "max_age": DURATION,
    "max_duration": DURATION,
    "proxy_url": URL,
    "thresholds": THRESHOLDS,
}
OVERRIDE: Mapping[str, Schema] = {
    "max_age": DURATION,
    "max_duration": DURATION,
    "min_backups": whole(0),
    "min_retention": DURATION,
    "paused": BOOLEAN,
    "labels": LABELS,
    "thresholds": THRESHOLDS,
    "ignore": texts(words(RESOURCE_WORDS)),
}
RATE_LIMIT: Mapping[str, Schema] = {"requests": whole(1), "per": DURATION, "share": SHARE}
VERIFY: Mapping[str, Schema] = {
    "interval": DURATION,
    "method": words(("range", "full")),
    "allow_private": BOOLEAN,
    "bytes_per_second": whole(1),
}
SOURCE: Mapping[str, Schema] = {
    **DEFAULTS,
    **OVERRIDE,
    "name": TEXT,
    "provider": TEXT,
    "rate_limit": mapping(RATE_LIMIT),
    "include": texts(),
    "exclude": texts(),
    "resources": {"type": ["object", "null"], "additionalProperties": mapping(OVERRIDE)},
    "ca_file": TEXT,
    "shard_by": words(("source", "resource")),
    "ignore": texts(words((*RESOURCE_WORDS, *SOURCE_WORDS))),
    "verify_downloads": mapping(VERIFY),
}
TOP: Mapping[str, Schema] = {
    **DEFAULTS,
    "metrics": mapping({"exclude": texts()}),
    "state_file": TEXT,
    "declarations": texts(),
}


ANY_DECLARATION: Schema = {"type": "object"}


def make_schema(providers: Mapping[str, Provider], declaration: Schema = ANY_DECLARATION) -> Schema:
    """Return the schema of a configuration that may name these providers, and those that it declares itself.

    `declaration` is the schema of a declaration inside a source.
    """
    sources = {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/source"}}
    return {
        "$schema": DIALECT,
        "title": "The configuration of backup-exporter",
        **mapping({**TOP, "sources": sources}, null=False),
        "required": ["sources"],
        "if": {"not": {"required": ["declarations"]}},
        "then": {"properties": {"sources": {"items": {"properties": {"provider": words((*providers, INLINE))}}}}},
        "definitions": {"source": _make_source_schema(providers, declaration)},
    }


def _make_source_schema(providers: Mapping[str, Provider], declaration: Schema) -> Schema:
    own = {name: make_option_schemas(provider, TEXT, URL) for name, provider in providers.items()}
    return {
        "type": "object",
        "properties": dict(SOURCE),
        "required": ["name", "provider"],
        "allOf": [
            *(_make_provider_schema(name, keys, demands) for name, (keys, demands) in own.items()),
            _make_inline_schema(declaration),
        ],
    }


def _make_inline_schema(declaration: Schema) -> Schema:
    """Return what holds for a source that declares its vendor: its other keys are the declaration's own options."""
    fitting = {"properties": {"provider": {"const": INLINE}}, "required": ["provider"]}
    return {"if": fitting, "then": {"properties": {INLINE_KEY: declaration}, "required": [INLINE_KEY]}}


def _make_provider_schema(name: str, keys: Mapping[str, Schema], demands: Sequence[Schema]) -> Schema:
    """Return what holds for the sources of one provider: its keys beside those of all, and no others."""
    fitting = {"properties": {"provider": {"const": name}}, "required": ["provider"]}
    allowed = {**dict.fromkeys(SOURCE, True), **keys}
    return {"if": fitting, "then": {"properties": allowed, "additionalProperties": False, "allOf": list(demands)}}
