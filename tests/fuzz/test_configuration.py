"""Whatever a configuration file holds: settings, or problems of one line each that give no secret away."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exporter import registry
from exporter.config import durations
from exporter.config.loader import (
    OVERRIDE_KEYS,
    RATE_LIMIT_KEYS,
    SOURCE_KEYS,
    TOP_KEYS,
    ConfigError,
    LoadedConfig,
    load,
    parse,
)
from exporter.config.options import list_option_keys
from tests.fuzz.profile import NUMBERS, TEXTS, fuzz

pytestmark = pytest.mark.integration

SECRET = "planted-secret-7f3a"
NAME = next(name for name in registry.names() if "token" in list_option_keys(registry.provider(name)))
ENVIRON = {"SET": SECRET, "EMPTY": "", "LINES": f"{SECRET}\nmore"}
KEYS = sorted({
    *TOP_KEYS, *SOURCE_KEYS, *OVERRIDE_KEYS, *RATE_LIMIT_KEYS,
    *(key for name in registry.names() for key in list_option_keys(registry.provider(name))),
    "poll_intervall", "orders*", "squad", "le", "__x", "", "a b", "null", "yes",
})  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    TEXTS,
    st.sampled_from([
        *registry.names(), "90s", "5m", "1h30m", "0", "0s", "292y", "9999999999999y", "-5m", "5", "*", "[", "http://x",
        "https://user:planted-secret-7f3a@h.example", "https://h.example:0", "https://h.example:99999",
        "http://[", "https://[::1]:5",
        "${SET}", "${UNSET}", "${", "${}", "$$", "$SET", "${LINES}", "${EMPTY}", "${a b}", "/dev/null", ".", "resource",
    ]),
)  # fmt: skip
OTHER_KEYS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
TREES = st.recursive(
    SCALARS,
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.one_of(st.sampled_from(KEYS), OTHER_KEYS), inside, max_size=5)
    ),
    max_leaves=15,
)
PLANTED = st.sampled_from([SECRET, f"{SECRET}\nx", [SECRET], {SECRET: SECRET}, f"https://{SECRET}@h.example", "${SET}"])
SOURCES = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b"]), "provider": st.sampled_from(registry.names())},
    optional={key: st.one_of(TREES, SCALARS) for key in SOURCE_KEYS if key not in ("name", "provider")}
    | {"token": PLANTED, "key_id": PLANTED, "key_secret": PLANTED, "client_id": PLANTED, "client_secret": PLANTED}
    | {"region": TEXTS, "base_url": SCALARS, "team_id": SCALARS, "backup_instance_ids": TREES, "proxy_url": PLANTED},
)
DOCUMENTS = st.fixed_dictionaries(
    {"sources": st.lists(SOURCES, max_size=3)},
    optional={key: SCALARS for key in TOP_KEYS if key != "sources"} | {"odd": TREES},
)
YAML_PIECES = st.lists(
    st.sampled_from([
        "sources:", "\n", "  ", "- ", "name: a", f"provider: {NAME}", f"token: {SECRET}", "token: &x", "*x",
        "{", "}", "[", "]",
        ": ", ", ", "? ", "|", ">", "#", "'", '"', "!!int x", "!!binary a", "!!python/object:os.system {}",
        "<<: *x", "%YAML 1.1",
        "---", "...", "\t", "\x00", "é", "1_000", "0x1f", ".inf", ".nan", "2025-01-01", "010", "1:30", "~",
        "${SET}", f"token: @{SECRET}\n",
        f"token: `{SECRET}\n", f"token: !{SECRET}\n", f"token: *{SECRET}\n", f"token: &{SECRET} \n",
        f"token: %{SECRET}\n",
    ]),
    max_size=25,
).map("".join)  # fmt: skip


def check_document(text: str) -> LoadedConfig | None:
    """Read a configuration; check its problems, if that is what comes of it."""
    found, said = settings_or_problems(lambda: parse(text, ENVIRON, Path("/nonexistent")))
    for line in said:
        assert line.strip()
        assert line.isprintable(), line
        assert SECRET not in line, line
    assert found is not None or said
    assert SECRET not in repr(found)
    return found


def settings_or_problems(read: Callable[[], LoadedConfig]) -> tuple[LoadedConfig | None, tuple[str, ...]]:
    """Return what was read with its warnings, or the problems."""
    try:
        found = read()
    except ConfigError as error:
        return None, error.problems
    return found, found.warnings


def dump(tree: Any) -> str:
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)


@fuzz(250)
@given(st.one_of(YAML_PIECES, st.text(max_size=60)))
def test_any_text_is_settings_or_problems(text: str) -> None:
    check_document(text)


@pytest.mark.parametrize(
    "text",
    [
        f"sources: [{{name: a, provider: {NAME}, token:{SECRET}}}]",
        f"sources: [{{name: a, provider: {NAME}, 'token:{SECRET}': x}}]",
        f"sources:\n- name: a\n  provider: {NAME}\n  token:{SECRET}\n",
        f"sources:\n- name: a\n  provider: {NAME}\n  token:{SECRET}:\n",
        f"proxy_url:https://user:{SECRET}@h.example: 1",
    ],
)
def test_a_secret_that_became_part_of_a_key_for_want_of_a_space_is_not_quoted(text: str) -> None:
    assert check_document(text) is None


@fuzz(100)
@given(st.binary(max_size=60))
def test_any_file_is_settings_or_problems(tmp_path_factory: Any, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.yaml"
    path.write_bytes(content)
    found, said = settings_or_problems(lambda: load(path, ENVIRON))
    assert found is not None or said
    assert all(line.isprintable() for line in said), said


@pytest.mark.slow
@fuzz(250)
@given(st.one_of(TREES, DOCUMENTS))
def test_any_structure_is_settings_or_problems(tree: Any) -> None:
    check_document(dump(tree))


@pytest.mark.slow
@fuzz(150)
@given(DOCUMENTS)
def test_what_is_nearly_right_is_settings_or_problems(document: dict[str, Any]) -> None:
    found = check_document(dump(document))
    if found is not None:
        for one in found.settings.sources:
            assert one.poll_interval > 0
            assert one.rate_limit.requests > 0 < one.rate_limit.per
            one.policy("id", "name")
            one.watches("id", "name")


@fuzz(300)
@given(st.one_of(st.text("0123456789ywdhms", max_size=12), st.text(max_size=6)))
def test_a_duration_is_read_back_as_it_is_spelled(text: str) -> None:
    try:
        seconds = durations.parse(text)
    except ValueError:
        return
    assert seconds >= 0
    assert durations.parse(durations.format_duration(seconds)) == seconds
