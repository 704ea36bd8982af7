"""The committed dashboards are what the builders make, and keep the rules of Grafana's dashboard-linter and our own."""

import itertools
import json
import pkgutil
import re
from typing import Any

import pytest
import yaml

from dashboards import build
from dashboards.absence import NEVER_EXCLUDED
from dashboards.panels import PAGE_URL, RUNBOOK_URL
from exporter import providers
from tests.dashboards.shipped_dashboards import DASHBOARDS, EACH_PANEL, FOLDER, Dashboard, panels, properties, variables

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
UNITS = {"none", "s", "bytes", "decbytes", "percent", "percentunit", "reqps"}
UNITS |= {"dtdhms", "dthms", "suffix:s", "suffix:min", "suffix:h", "suffix:d", "dateTimeAsIso", "dateTimeFromNow"}
CLOSED = {
    "backup-overview": set[str](),
    "backup-resource": {"Running", "Retention", "Restores"},
    "backup-exporter-health": {"API", "Process"},
}
TITLES = {
    "overview.json": ("backup-overview", "Backups / Overview"),
    "resource.json": ("backup-resource", "Backups / Resource"),
    "exporter.json": ("backup-exporter-health", "Backups / Exporter health"),
}


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
    numbers = [one["id"] for panel in dashboard["panels"] for one in (panel, *panel.get("panels", ()))]
    titles = [panel["title"] for panel in panels(dashboard)]

    assert len(set(numbers)) == len(numbers)
    assert len(set(titles)) == len(titles)


def test_panels_do_not_overlap_nor_leave_the_grid(dashboard: Dashboard) -> None:
    closed = [panel["panels"] for panel in dashboard["panels"] if panel.get("panels")]
    for together in (dashboard["panels"], *closed):
        places = [panel["gridPos"] for panel in together]
        assert all(0 <= at["x"] and at["x"] + at["w"] <= 24 and at["w"] > 0 and at["h"] > 0 for at in places)
        for one, other in itertools.combinations(places, 2):
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert beside or below, (one, other)


def test_a_closed_row_holds_its_panels_right_below_it(dashboard: Dashboard) -> None:
    rows = [panel for panel in dashboard["panels"] if panel["type"] == "row"]

    assert {row["title"] for row in rows if row["collapsed"]} == CLOSED[dashboard["uid"]]
    assert all(bool(row["panels"]) == row["collapsed"] for row in rows), "Grafana drops those of an open row"
    for row, after in itertools.pairwise([*dashboard["panels"], None]):
        if row["type"] == "row" and row["collapsed"]:
            assert min(each["gridPos"]["y"] for each in row["panels"]) == row["gridPos"]["y"] + 1
            assert after is None or after["gridPos"]["y"] == row["gridPos"]["y"] + 1


def test_a_table_lists_what_is_read_and_not_exposed(dashboard: Dashboard) -> None:
    *read, listed = panels(dashboard)
    (query,) = listed["targets"]
    shown = dict(re.findall(r'"family", "(\w+)", "", ""\), "shown", "(.*?)"', query["expr"]))
    families = {
        name.removesuffix("_bucket")
        for panel in read
        for each in panel["targets"]
        for name in re.findall(r"backup_\w+", each["expr"])
    }

    assert listed["title"] == "Not exposed"
    assert {name for name in families if not NEVER_EXCLUDED.fullmatch(name)} == set(shown)
    places = {place.split(" (")[0] for each in shown.values() for place in each.split("; ")}
    assert places <= {each["title"] for each in read}


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
