"""The committed dashboards look as they should: colours, columns, legends, what comes first."""

import pytest

from tests.dashboards.shipped_dashboards import DASHBOARDS, EACH_PANEL, Dashboard, overrides, panel, panels


def test_an_exporter_has_one_row() -> None:
    for query in panel("exporter.json", "Exporters")["targets"]:
        assert query["expr"].startswith("max by (job, instance"), query["refId"]


@EACH_PANEL
def test_an_empty_cell_is_empty(panel: Dashboard) -> None:
    if panel["type"] == "table":
        assert panel["fieldConfig"]["overrides"][0] == {
            "matcher": {"id": "byRegexp", "options": "/.*/"},
            "properties": [{"id": "noValue", "value": ""}],
        }


@EACH_PANEL
def test_what_is_not_known_has_no_colour(panel: Dashboard) -> None:
    if panel["type"] != "table":
        return
    for field, properties in overrides(panel).items():
        if "custom.cellOptions" in properties:
            last = properties["mappings"][-1]
            assert (last["options"]["match"], last["options"]["result"]["color"]) == ("null+nan", "transparent"), field


@pytest.mark.parametrize("title", ["What needs attention", "Firing alerts"])
def test_severity_sorts_by_rank_and_is_shown_in_words(title: str) -> None:
    shown = panel("overview.json", title)
    mapped = overrides(shown)["Severity"]["mappings"][0]["options"]

    assert shown["options"]["sortBy"][0] == {"displayName": "Severity", "desc": True}
    assert [mapped[str(rank)]["text"] for rank in (1, 2, 3)] == ["info", "warning", "critical"]
    assert [mapped[str(rank)]["color"] for rank in (1, 2, 3)] == ["blue", "orange", "red"]


def test_statuses_have_colours_of_their_own() -> None:
    shown = panel("resource.json", "Backups listed, by status")
    colors = {name: each["color"]["fixedColor"] for name, each in overrides(shown).items() if not name.startswith("/")}

    assert len(set(colors.values())) == len(colors) == 7
    assert (colors["completed"], colors["failed"]) == ("green", "red")
    assert shown["fieldConfig"]["defaults"]["custom"]["lineWidth"] == 0


@EACH_PANEL
def test_lines_have_clear_colours_and_short_legends(panel: Dashboard) -> None:
    if panel["type"] == "timeseries":
        assert panel["fieldConfig"]["defaults"]["color"]["mode"] == "palette-classic"
        is_total = panel["options"]["legend"]["calcs"] == ["sum"]
        assert panel["options"]["legend"]["displayMode"] == ("table" if is_total else "list")


def test_the_bars_show_where_the_limit_is() -> None:
    shown = panel("overview.json", "Worst age against its limit")

    assert shown["fieldConfig"]["defaults"]["max"] == 2
    assert shown["options"]["sizing"] == "manual"
    assert shown["targets"][0]["expr"].startswith("sort_desc(")


@pytest.mark.parametrize("title", ["API requests by code", "API latency", "CPU"])
def test_a_rate_has_two_samples(title: str) -> None:
    assert panel("exporter.json", title)["interval"] == "2m"


@EACH_PANEL
def test_one_column_takes_what_is_left(panel: Dashboard) -> None:
    if panel["type"] == "table":
        widths = [each.get("custom.width") for name, each in overrides(panel).items() if name != "/.*/"]
        hidden = [each for each in overrides(panel).values() if each.get("custom.hidden")]
        assert widths.count(None) == 1
        assert all(each["custom.hideFrom"]["viz"] for each in hidden)


@EACH_PANEL
def test_words_stand_at_the_left(panel: Dashboard) -> None:
    if panel["type"] == "table":
        for name, each in overrides(panel).items():
            assert ("mappings" in each and "thresholds" not in each) <= (each.get("custom.align") == "left"), name


def test_the_overview_begins_with_the_verdict() -> None:
    first, *_ = panels(DASHBOARDS["overview.json"])

    assert first["title"] == "Need attention"
    assert first["gridPos"]["x"] == first["gridPos"]["y"] == 0
    assert "backup_resource_problem{" in first["targets"][0]["expr"]
    mapped = first["fieldConfig"]["defaults"]["mappings"][0]["options"]["0"]
    assert (mapped["text"], mapped["color"]) == ("All OK", "green")


def test_names_that_people_link_to_stay() -> None:
    for name, titles in {
        "overview.json": ("Inventory", "Firing alerts"),
        "resource.json": ("Backups listed, by status",),
        "exporter.json": ("Exporters", "Sources", "Resources failing now"),
    }.items():
        assert set(titles) <= {each["title"] for each in panels(DASHBOARDS[name])}
