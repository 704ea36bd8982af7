"""The committed dashboards are what the builders make, and keep the rules of Grafana's dashboard-linter and our own."""

import itertools
import json
import pkgutil
from typing import Any

import pytest
import yaml

from dashboards import build
from dashboards.panels import PAGE_URL, RUNBOOK_URL
from exporter import providers
from tests.dashboards.reading import DASHBOARDS, FOLDER, panels, variables

Dashboard = dict[str, Any]
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
UNITS = {"none", "s", "bytes", "decbytes", "percent", "percentunit", "reqps"}
UNITS |= {"dtdhms", "dthms", "suffix:h", "dateTimeAsIso", "dateTimeFromNow"}
TITLES = {
    "overview.json": ("backup-overview", "Backups / Overview"),
    "resource.json": ("backup-resource", "Backups / Resource"),
    "exporter.json": ("backup-exporter-health", "Backups / Exporter health"),
}
EACH_PANEL = pytest.mark.parametrize(
    "panel",
    [
        pytest.param(panel, id=f"{name}: {panel['title']}")
        for name, dashboard in DASHBOARDS.items()
        for panel in panels(dashboard)
    ],
)


@pytest.fixture(params=DASHBOARDS)
def dashboard(request: pytest.FixtureRequest) -> Dashboard:
    found: Dashboard = DASHBOARDS[request.param]
    return found


def test_the_committed_files_are_what_the_builders_make() -> None:
    made = {name: build.text(dashboard) for name, dashboard in build.dashboards().items()}

    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")} == made


def test_the_command_writes_the_files(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "FOLDER", tmp_path)

    build.main()

    assert {path.name: json.loads(path.read_text()) for path in tmp_path.iterdir()} == DASHBOARDS


def test_addresses_and_titles_stay() -> None:
    assert {name: (each["uid"], each["title"]) for name, each in DASHBOARDS.items()} == TITLES


def test_frame(dashboard: Dashboard) -> None:
    assert dashboard["editable"] is True
    assert dashboard["timezone"] == "browser"
    assert 39 <= dashboard["schemaVersion"] <= 42
    assert dashboard["tags"] == ["backup-exporter"]
    assert dashboard["description"]
    assert "id" not in dashboard


def test_what_it_needs_is_said_as_for_an_import(dashboard: Dashboard) -> None:
    kinds = {(each["type"], each["id"]) for each in dashboard["__requires"]}
    used = {("panel", panel["type"]) for panel in panels(dashboard)}

    assert list(dashboard)[:3] == ["__inputs", "__elements", "__requires"]
    assert dashboard["__inputs"] == [], "the data source is a variable"
    assert kinds == used | {("grafana", "grafana"), ("datasource", "prometheus")}
    assert all(each["name"] and "version" in each for each in dashboard["__requires"])


def test_links_keep_time_and_variables(dashboard: Dashboard) -> None:
    (link,) = dashboard["links"]

    assert (link["type"], link["tags"]) == ("dashboards", dashboard["tags"])
    assert link["asDropdown"]
    assert link["keepTime"]
    assert link["includeVars"]


def test_variables(dashboard: Dashboard) -> None:
    found = variables(dashboard)
    source = found["datasource"]

    assert list(found) == [
        "datasource",
        "cluster",
        "job",
        "instance",
        "provider",
        "source",
        "resource",
        "labels",
        "exporter",
    ]
    assert (found["labels"]["type"], found["labels"]["datasource"]) == ("adhoc", DATASOURCE)
    assert found["exporter"]["type"] == "textbox"
    assert (source["type"], source["query"], source["label"]) == ("datasource", "prometheus", "Data source")
    for name in list(found)[1:-2]:
        variable = found[name]
        assert variable["label"] == name.capitalize()
        assert variable["datasource"] == DATASOURCE
        assert variable["refresh"] == 2, "a longer range may know more"
        if (dashboard["uid"], name) == ("backup-resource", "resource"):
            assert (variable["multi"], variable["includeAll"]) == (False, False)
            assert "current" not in variable, "it begins with the first"
        else:
            assert variable["multi"]
            assert variable["includeAll"]
            assert variable["allValue"] == ".*", "a label may be absent"


def test_annotations_show_firing_alerts(dashboard: Dashboard) -> None:
    firing = dashboard["annotations"]["list"][1]

    assert firing["enable"] is True
    assert firing["datasource"] == DATASOURCE
    assert firing["titleFormat"] == "{{alertname}}"


def test_panels_have_numbers_of_their_own(dashboard: Dashboard) -> None:
    numbers = [panel["id"] for panel in dashboard["panels"]]
    titles = [panel["title"] for panel in panels(dashboard)]

    assert len(set(numbers)) == len(numbers)
    assert len(set(titles)) == len(titles)


def test_panels_do_not_overlap_nor_leave_the_grid(dashboard: Dashboard) -> None:
    places = [panel["gridPos"] for panel in dashboard["panels"]]

    assert all(0 <= at["x"] and at["x"] + at["w"] <= 24 and at["w"] > 0 and at["h"] > 0 for at in places)
    for one, other in itertools.combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


@EACH_PANEL
def test_panel_explains_itself(panel: Dashboard) -> None:
    units = [each["value"] for each in properties(panel) if each["id"] == "unit"]

    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["noValue"], "what an empty panel says"
    assert {panel["fieldConfig"]["defaults"]["unit"], *units} <= UNITS


@EACH_PANEL
def test_panel_asks_the_chosen_data_source(panel: Dashboard) -> None:
    references = [query["refId"] for query in panel["targets"]]

    assert panel["datasource"] == DATASOURCE
    assert references
    assert len(set(references)) == len(references)
    assert all(query["datasource"] == DATASOURCE for query in panel["targets"])
    assert all(query["instant"] is not query["range"] for query in panel["targets"] if "instant" in query)


@EACH_PANEL
def test_line_that_is_a_limit_looks_like_one(panel: Dashboard) -> None:
    if panel["type"] != "timeseries":
        return
    dashed = [each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]]

    assert dashed[:2] == ["/ limit$/", "/ typical$/"]
    for query in panel["targets"]:
        is_limit = any(word in query["expr"] for word in ("backup_max_", "backup_min_"))
        assert query["legendFormat"].endswith(" limit") or not is_limit
        assert query["legendFormat"].endswith(" typical") == ("backup_typical_" in query["expr"])


@EACH_PANEL
def test_table_shows_what_it_asks_for(panel: Dashboard) -> None:
    if panel["type"] != "table":
        return
    merge, organize = panel["transformations"]
    arranged = organize["options"]
    many = len(panel["targets"]) > 1
    values = {f"Value #{query['refId']}" if many else "Value" for query in panel["targets"]}
    headers = {arranged["renameByName"].get(field, field) for field in arranged["indexByName"]}

    assert merge["id"] == "merge"
    assert values <= {*arranged["indexByName"], *arranged["excludeByName"]}
    assert not set(arranged["indexByName"]) & set(arranged["excludeByName"])
    assert {each["displayName"] for each in panel["options"]["sortBy"]} <= headers
    assert {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]} - {"/.*/"} <= headers


def test_links_from_panels_lead_to_our_dashboards_and_keep_choices() -> None:
    urls = {
        link["url"]
        for dashboard in DASHBOARDS.values()
        for panel in panels(dashboard)
        for each in [panel["fieldConfig"]["defaults"], *({p["id"]: p["value"]} for p in properties(panel))]
        for link in each.get("links", ())
    }

    ours = {url for url in urls if url.startswith("/d/")}

    assert {url.split("?")[0] for url in ours} == {"/d/backup-resource", "/d/backup-exporter-health"}
    assert urls - ours == {PAGE_URL, RUNBOOK_URL}
    for url in ours:
        assert "${__url_time_range}" in url
        assert all(f"${{{name}:queryparam}}" in url for name in ("datasource", "cluster", "job", "instance"))
        assert all(
            f"var-{name}=" in url or f"${{{name}:queryparam}}" in url for name in ("provider", "source", "resource")
        )


def test_no_vendor_is_named() -> None:
    text = json.dumps(DASHBOARDS).lower()
    words = {
        word for module in pkgutil.iter_modules(providers.__path__) for word in (module.name, module.name.split("_")[0])
    }

    assert len(words) >= 5
    assert not [word for word in words if word in text]


def test_what_the_linter_shall_pass_over_exists() -> None:
    exclusions = yaml.safe_load((FOLDER / ".lint").read_text(encoding="utf-8"))["exclusions"]
    titles = {(each["title"], panel["title"]) for each in DASHBOARDS.values() for panel in panels(each)}

    for rule in exclusions.values():
        assert rule["reason"]
        assert {(entry["dashboard"], entry["panel"]) for entry in rule["entries"]} <= titles


def properties(panel: Dashboard) -> list[dict[str, Any]]:
    return [each for override in panel["fieldConfig"]["overrides"] for each in override["properties"]]


def overrides(panel: Dashboard) -> dict[str, dict[str, Any]]:
    """Return the properties that a panel overrides, by the field and the property."""
    found: dict[str, dict[str, Any]] = {}
    for override in panel["fieldConfig"]["overrides"]:
        found.setdefault(override["matcher"]["options"], {}).update(
            {p["id"]: p["value"] for p in override["properties"]}
        )
    return found


def panel(name: str, title: str) -> Dashboard:
    (found,) = (each for each in panels(DASHBOARDS[name]) if each["title"] == title)
    return found


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
