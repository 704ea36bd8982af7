"""What is no YAML is said in plain words with the line in which it begins; what stands for too much is refused."""

import re
from pathlib import Path

import pytest

from exporter.config import loader as config
from exporter.config import nodes
from exporter.config.loader import ConfigError
from exporter.config.nodes import NodeLines
from tests.config.test_config import ENVIRON, PROVIDERS

HEAD = "poll_interval: 5m\nsources:\n  - name: one\n    provider: acme\n    token: x\n"


def problems(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load(path, ENVIRON, providers=PROVIDERS)
    return [one.replace(f"{tmp_path}/", "") for one in caught.value.problems]


def test_a_problem_of_a_source_that_merges_another_is_at_its_own_line(tmp_path: Path) -> None:
    text = (
        "sources:\n  - &first\n    name: a\n    provider: acme\n    token: x\n    max_age: 26h\n"
        "  - <<: *first\n    name: b\n    max_age: 1x\n"
    )
    (found,) = problems(text, tmp_path)

    assert found.startswith("config.yaml:9: sources[1] (b).max_age: ")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (f"{HEAD}   labels: {{a: b}}\n", 6, "not indented"),
        (f"{HEAD}      labels: {{a: b}}\n", 6, "indented more"),
        (f"{HEAD} - name: two\n", 6, "not indented"),
        ("sources:\n  - name: one\n   provider: acme\n", 3, "not indented"),
        ("poll_interval: 5m\n  max_age: 26h\nsources: []\n", 2, "indented more"),
        (f"{HEAD}\tlabels: {{a: b}}\n", 6, "a tab"),
        ("sources:\n\t- name: one\n", 2, "a tab"),
        (f"{HEAD}    \tlabels: {{a: b}}\n", 6, "a tab"),
        (f'{HEAD}    account: "planted\n', 6, "a quote opens here"),
        (f"{HEAD}    account: 'planted\n    ids: [a]\n    paused: true\n", 6, "a quote opens here"),
        (f'{HEAD}    account: "planted\n    base_url: "https://a.example"\n', 6, "a quote opens here"),
        (
            f"{HEAD}    account: 'planted\n    base_url: 'https://a.example'\n    paused: true\n",
            6,
            "a quote opens here",
        ),
        (f'{HEAD}    labels: {{squad: "planted}}\n    ids: ["a"]\n', 6, "a quote opens here"),
        (f"{HEAD}    account: @planted\n", 6, "a value cannot begin with @"),
        (f"{HEAD}    ids: [a, `planted]\n", 6, "a value cannot begin with `"),
        (f"{HEAD}    account: %planted\n", 6, "a value cannot begin with %"),
        (f"{HEAD}    account: plan: ted\n", 6, "holds a colon and a space"),
        (f"{HEAD}    ids: [a,\n      b\n", 6, "a [ opens here"),
        (f"{HEAD}    labels: {{a: b\n", 6, "a { opens here"),
        (f"{HEAD}    ids: [\n", 6, "a [ opens here"),
        (f"{HEAD}    labels: {{a: b, c: [d,\n", 6, "a [ opens here"),
        (f"{HEAD}    account\n", 6, "without a colon"),
        (f"{HEAD}    include: [*]\n", 6, "a value cannot begin with *; put it in quotes"),
        (f"{HEAD}    include: *\n", 6, "a value cannot begin with *; put it in quotes"),
        (f"{HEAD}    include: [a, *, b]\n", 6, "a value cannot begin with *; put it in quotes"),
        (f"{HEAD}    include:\n      - *\n", 7, "a value cannot begin with *; put it in quotes"),
        (f"{HEAD}    account: &\n", 6, "a value cannot begin with &; put it in quotes"),
    ],
)
def test_a_classic_mistake_is_told_where_it_begins(text: str, line: int, words: str, tmp_path: Path) -> None:
    found = problems(text, tmp_path)

    assert len(found) == 1
    assert found[0].startswith(f"config.yaml:{line}: ")
    assert words in found[0]
    assert "planted" not in found[0]


def test_a_problem_has_file_line_and_the_sources_name(tmp_path: Path) -> None:
    sources = "".join(f"  - {{name: n{at}, provider: acme, token: x}}\n" for at in range(17))
    text = f"# a comment\nsources:\n{sources}  - name: analytics\n    provider: acme\n    token: x\n    max_agee: 26h\n"

    assert problems(text, tmp_path) == [
        "config.yaml:23: sources[17] (analytics).max_agee: unknown key; the nearest is max_age"
    ]


@pytest.mark.parametrize(
    ("name", "shown"), [("a b", " (a b)"), ("7", " (7)"), ("x" * 61, ""), ('"a\\nb"', ""), ("[a]", ""), ("", "")]
)
def test_a_source_is_shown_with_a_name_that_can_be_shown(name: str, shown: str, tmp_path: Path) -> None:
    found = problems(f"sources:\n  - name: {name}\n    provider: acme\n    token: x\n    nonsense: 1\n", tmp_path)

    assert any(one.startswith(f"config.yaml:5: sources[0]{shown}.nonsense: ") for one in found)


def bomb(levels: int, width: int, wrap: str) -> str:
    lines = ["a0: &a0 x"]
    for level in range(1, levels + 1):
        inside = ", ".join([f"*a{level - 1}"] * width)
        lines.append(f"a{level}: &a{level} " + wrap.format(inside))
    return "\n".join([*lines, f"sources: *a{levels}", ""])


@pytest.mark.parametrize(
    "text",
    [
        bomb(9, 9, "[{}]"),
        bomb(60, 2, "[{}]"),
        "a: &a {k: v}\nb: &b {<<: [*a, *a], x: *a}\n" + "".join(
            f"m{at}: &m{at} {{k: [*{'b' if at == 0 else f'm{at - 1}'}, *{'b' if at == 0 else f'm{at - 1}'}]}}\n"
            for at in range(40)
        ) + "sources: *m39\n",
    ],
)  # fmt: skip
def test_an_alias_bomb_is_one_line(text: str, tmp_path: Path) -> None:
    found = problems(text, tmp_path)

    assert len(found) == 1
    assert re.match(r"config\.yaml:1: .*aliases", found[0])


def test_many_sources_may_share_anchors() -> None:
    assert nodes.MAX_NODES >= 100_000
    shared = "x: &limits {squad: a, tier: b}\n"
    entries = "".join(
        f"  - {{name: n{at}, provider: acme, token: x, labels: *limits, include: &i{at} [a, b], exclude: *i{at}}}\n"
        for at in range(400)
    )
    text = shared.replace("x: ", "metrics: ") + f"sources:\n{entries}"
    with pytest.raises(ConfigError) as caught:  # the anchor has to stand somewhere: its key is not known, nothing else
        config.parse(text, ENVIRON, Path(), providers=PROVIDERS)
    assert all(one.startswith("metrics.") for one in caught.value.problems)


def test_a_value_that_holds_itself_is_refused(tmp_path: Path) -> None:
    assert problems("sources: &a [*a]\n", tmp_path) == [
        "config.yaml:1: an alias (*name) is inside the value that it names"
    ]


@pytest.mark.slow
def test_a_list_of_a_hundred_thousand_is_read() -> None:
    ids = ", ".join(["a"] * 100_000)
    found = config.parse(
        f"sources: [{{name: n, provider: acme, token: x, ids: [{ids}]}}]", ENVIRON, Path(), providers=PROVIDERS
    )

    assert len(found.settings.sources[0].options.ids) == 100_000


def test_without_a_document_there_are_no_lines() -> None:
    assert NodeLines(None).line(("sources", 0)) is None
    assert NodeLines(None).name(("sources", 0)) is None
