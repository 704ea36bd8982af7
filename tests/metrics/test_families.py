"""The table of metric families keeps to Prometheus' conventions, and to ours."""

import re
from typing import Any

import pytest

from exporter.config.sections import RESERVED_LABELS
from exporter.metrics.families import FAMILIES
from exporter.metrics.family import RESOURCE_LABELS, SOURCE_LABELS, Family, each, one, state_set
from exporter.metrics.resource_families import RESOURCE_FAMILIES
from exporter.metrics.source_families import EXPORTER_FAMILIES, SOURCE_FAMILIES
from tests.each import on_each

EACH_FAMILY = on_each("family", FAMILIES, name=lambda family: family.name)
OF_TIME = re.compile("age|interval|duration|retention|timestamp|throttled")
OF_BYTES = re.compile("size|stored|bytes")
OF_OTHER_TYPES = ("_total", "_sum", "_count", "_bucket", "_created")
OF_TARGETS = {
    *("job", "instance", "type", "region", "zone", "cluster", "environment", "service", "owner", "name", "id"),
    *("namespace", "pod", "container", "node", "alertname", "severity"),
}


def test_names_and_help_texts_are_unique() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    assert len({family.help for family in FAMILIES}) == len(FAMILIES)


@EACH_FAMILY
def test_name_is_in_snake_case_and_ours(family: Family[Any]) -> None:
    assert re.fullmatch(r"backup(_[a-z0-9]+)+", family.name)


@EACH_FAMILY
def test_help_is_one_line_of_sentences(family: Family[Any]) -> None:
    assert family.help.endswith(".")
    assert not family.help.endswith("..")
    assert family.help == " ".join(family.help.split())
    assert family.help[0].isupper() or family.help[0].isdigit()


@EACH_FAMILY
def test_an_ending_tells_the_type(family: Family[Any]) -> None:
    assert (family.type == "counter") is family.name.endswith("_total")
    if family.type != "counter":
        assert not family.name.endswith(OF_OTHER_TYPES)
    assert (family.total is not None) is (family.type == "histogram")


@EACH_FAMILY
def test_a_unit_is_a_base_unit_and_ends_the_name(family: Family[Any]) -> None:
    name = family.name.removesuffix("_total")
    if OF_TIME.search(name.removeprefix("backup_").replace("progress", "")):
        assert name.endswith("_seconds")
    if OF_BYTES.search(name):
        assert name.endswith("_bytes")
    assert not re.search(r"_(ms|milliseconds|minutes|hours|days|kb|mb|gb|kilobytes|megabytes|ratio)(_|$)", name)


@EACH_FAMILY
def test_an_age_or_percentage_names_its_canonical_partner(family: Family[Any]) -> None:
    if family.name in ("backup_age_seconds", "backup_progress_percent"):
        partner = re.search(r"canonical.*: (\w+)\.$", family.help)

        assert partner
        assert partner[1] in {other.name for other in FAMILIES}


@EACH_FAMILY
def test_a_labels_name_clashes_with_nothing(family: Family[Any]) -> None:
    assert len(set(family.labels)) == len(family.labels)
    # `severity` is for whoever reads the metric; the rules put their own on the alert
    assert OF_TARGETS & set(family.labels) <= ({"severity"} if family.name.endswith("_problem") else set())
    assert ("le" in family.own) is (family.type == "histogram")
    for label in family.labels:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", label)
        assert not label.startswith("__")


@EACH_FAMILY
def test_no_configured_label_can_stand_beside_one_of_ours(family: Family[Any]) -> None:
    if family not in EXPORTER_FAMILIES:
        for label in family.labels:
            assert label in RESERVED_LABELS or label.startswith("resource_")


def test_the_common_labels_are_those_of_the_table() -> None:
    assert {family.common for family in RESOURCE_FAMILIES} == {RESOURCE_LABELS}
    assert {family.common for family in SOURCE_FAMILIES} == {SOURCE_LABELS}
    assert {family.common for family in EXPORTER_FAMILIES} == {()}
    assert (*RESOURCE_FAMILIES, *SOURCE_FAMILIES, *EXPORTER_FAMILIES) == FAMILIES


@pytest.mark.parametrize(("value", "samples"), [(None, []), (0.0, [((), 0.0)]), (5, [((), 5)])])
def test_a_single_sample_is_absent_where_the_value_is_unknown(value: float | None, samples: list[Any]) -> None:
    assert list(one(lambda view: view)(value)) == samples


def test_a_mapping_is_a_sample_for_each_key() -> None:
    assert list(each(lambda view: view)({"a": 1.0, "": 0.0})) == [(("a",), 1.0), (("",), 0.0)]
    assert list(each(lambda _: None)("view")) == []


@pytest.mark.parametrize(
    ("current", "values"), [(None, []), ("a", [1, 0, 0]), ("c", [0, 0, 1]), ("another", [0, 0, 0])]
)
def test_a_state_set_is_one_for_the_state_and_zero_for_the_others(current: str | None, values: list[int]) -> None:
    samples = list(state_set(iter("abc"), lambda view: view)(current))

    assert [value for _, value in samples] == values
    assert [own for own, _ in samples] == ([("a",), ("b",), ("c",)] if values else [])
