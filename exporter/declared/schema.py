"""Describes a declaration as a JSON Schema for editors: the keys of each part, and the words they accept."""

from collections.abc import Iterable, Mapping
from typing import Any

from exporter.declared.conversions import SIZES, SPANS
from exporter.declared.parsing import KEYS, RATE_KEYS
from exporter.declared.parsing_requests import AUTH_KEYS, PAGINATOR_KEYS
from exporter.declared.parsing_steps import (
    BACKUP_KEYS,
    FOLLOW_KEYS,
    MOST_SCOPES,
    RESOURCE_KEYS,
    RESTORE_KEYS,
    SCHEDULE_KEYS,
    SCOPE_KEYS,
)
from exporter.declared.parsing_tests import EXPECT_KEYS, TEST_KEYS
from exporter.declared.parsing_values import CHOICE_KEYS

Schema = Mapping[str, Any]

TEXT: Schema = {"type": ["string", "integer"]}


def make_declaration_schema() -> Schema:
    """Return the schema of a declaration inside a source; in a file `declaration` and `name` are required too."""
    keys = _make_key_schemas(KEYS)
    keys["declaration"] = {"const": 1}
    keys["auth"], keys["paginator"] = _make_type_schemas(AUTH_KEYS), _make_type_schemas(PAGINATOR_KEYS)
    keys["rate_limit"] = _make_mapping_schema(_make_key_schemas(RATE_KEYS))
    keys["scopes"] = {"type": "array", "maxItems": MOST_SCOPES, "items": _make_step_schema(SCOPE_KEYS)}
    keys["tests"] = {
        "type": "array",
        "items": _make_mapping_schema(
            {**_make_key_schemas(TEST_KEYS), "expect": _make_mapping_schema(_make_key_schemas(EXPECT_KEYS))}
        ),
    }
    steps = {
        "resources": RESOURCE_KEYS,
        "schedule": SCHEDULE_KEYS,
        "restores": RESTORE_KEYS,
        "backups": BACKUP_KEYS,
        "follow": FOLLOW_KEYS,
    }
    keys |= {name: _make_step_schema(known) for name, known in steps.items()}
    return {**_make_mapping_schema(keys), "required": ["base_url", "resources", "backups"]}


def _make_step_schema(known: Iterable[str]) -> Schema:
    keys = _make_key_schemas(known)
    keys["auth"], keys["paginator"] = _make_type_schemas(AUTH_KEYS), _make_type_schemas(PAGINATOR_KEYS)
    for name in ("size", "duration", "interval", "started", "finished", "created", "expires", "kind", "state"):
        if name in keys:
            keys[name] = _make_field_schema(name)
    return _make_mapping_schema(keys)


def _make_field_schema(name: str) -> Schema:
    own: dict[str, Schema] = {}
    if name == "size":
        own["unit"] = {"enum": list(SIZES)}
    elif name in ("duration", "interval"):
        own["unit"] = {"enum": list(SPANS)}
    elif name not in ("kind", "state"):
        own["format"] = {"type": "string"}
    one = {"anyOf": [TEXT, _make_mapping_schema({**_make_key_schemas(CHOICE_KEYS), **own})]}
    return {"anyOf": [*one["anyOf"], {"type": "array", "minItems": 1, "items": one}]}


def _make_type_schemas(types: Mapping[str, tuple[str, ...]]) -> Schema:
    forms = [
        {**_make_mapping_schema({**_make_key_schemas(keys), "type": {"const": name}}), "required": ["type"]}
        for name, keys in types.items()
    ]
    return {"anyOf": forms}


def _make_key_schemas(known: Iterable[str]) -> dict[str, Any]:
    return dict.fromkeys(known, True)


def _make_mapping_schema(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(keys), "additionalProperties": False}
