"""The dashboards as Grafana's front-end libraries draw them: what is seen, at two widths, dark and light.

`DASHBOARDS` in the environment names a folder of other JSON to draw, such as that of an older commit; `PICTURES` one in
which the pictures stay.
"""

import itertools
import re
from fnmatch import fnmatchcase

import pytest

from render.draw import DASHBOARDS, DESKTOP, LAPTOP
from tests.dashboards import expected
from tests.dashboards.picture_set import lean_list
from tests.dashboards.renderer_output import SCALED, Seen, cut_words, grounds, is_green, is_red, overlaps, texts, units
from tests.samples import find_vendor

pytestmark = pytest.mark.long
Pictures = dict[str, Seen]
UNKNOWN = "\N{EN DASH}"


@expected.EACH_PICTURE
def test_everything_is_answered_and_drawn_without_an_error(pictures: Pictures, name: str) -> None:
    seen = pictures[name].page

    assert seen["errors"] == []
    assert [each for each in seen["asked"] if each.get("error")] == []
    assert len(seen["panels"]) >= 20


@expected.EACH_PICTURE
def test_nothing_is_wider_than_the_window_and_the_controls_take_two_lines(pictures: Pictures, name: str) -> None:
    seen = pictures[name].page

    assert seen["page"]["width"] <= seen["page"]["window"]
    first = min(each["box"]["y"] for each in seen["panels"])
    assert first < 190, "title, two lines of controls, perhaps the title of a row"


@expected.EACH_PICTURE
def test_panels_do_not_overlap(pictures: Pictures, name: str) -> None:
    assert overlaps(pictures[name]) == []


@expected.EACH_PICTURE
def test_no_word_that_matters_is_cut(pictures: Pictures, name: str) -> None:
    assert cut_words(pictures[name]) == []
    for title, table in pictures[name].tables().items():
        assert all(each["text"][:1].isupper() for each in table["columns"]), title


@expected.EACH_PICTURE
def test_durations_are_in_one_unit_and_no_cell_has_parts_of_weeks(pictures: Pictures, name: str) -> None:
    seen = pictures[name]

    assert [(title, text) for title, text in texts(seen) if SCALED.search(text)] == []
    for panel in seen.page["panels"]:
        if panel["title"] in expected.AXES and not panel["empty"]:
            assert units(panel) == {expected.AXES[panel["title"]]}, panel["title"]


@expected.EACH_PICTURE
def test_an_empty_cell_says_nothing_and_leads_nowhere(pictures: Pictures, name: str) -> None:
    seen = pictures[name]
    for title, table in seen.tables().items():
        texts = {cell["text"] for row in table["rows"] for cell in row}
        assert not {
            text for text in texts if "no data" in text or "No alert" in text or ("nothing" in text and " " in text)
        }, title
        assert not [url for url in seen.links(title) if " " in url or "no%20data" in url or "No%20alert" in url], title


@expected.EACH_HEALTH
def test_an_exporter_has_one_row(pictures: Pictures, name: str) -> None:
    assert [cell["text"] for cell in pictures[name].column("Exporters", "Up")] == ["up"]


@expected.EACH_OVERVIEW
def test_what_is_not_known_is_not_coloured(pictures: Pictures, name: str) -> None:
    table = pictures[name].tables()["Inventory"]
    plain = pictures[name].column("Inventory", "Source")[0]["background"]
    shown = [cell for header in ("Of limit", "Last status") for cell in pictures[name].column("Inventory", header)]

    assert [cell["text"] for cell in shown].count(UNKNOWN) >= 1, table["rows"]
    assert {cell["background"] for cell in shown if cell["text"] in {"", UNKNOWN}} <= {
        plain,
        "rgba(0, 0, 0, 0)",
        "rgba(255, 255, 255, 0)",
    }
    assert all(is_green(cell["background"]) for cell in shown if cell["text"] == "completed")


@expected.EACH_OVERVIEW
@pytest.mark.parametrize("title", ["What needs attention", "Firing alerts"])
def test_the_worst_comes_first_and_each_severity_has_its_colour(pictures: Pictures, name: str, title: str) -> None:
    cells = pictures[name].column(title, "Severity")
    ranks = [("critical", "warning", "info").index(cell["text"]) for cell in cells]

    assert ranks == sorted(ranks)
    assert {0, 1} <= set(ranks), "critical ones and warnings are in sight"
    assert len({cell["background"] for cell in cells}) == len(set(ranks))
    assert not any(is_green(cell["background"]) for cell in cells)
    assert all(cell["align"] == "flex-start" for cell in cells)


@expected.EACH_OVERVIEW
def test_a_row_leads_to_its_resource_the_exporters_page_and_the_runbook(pictures: Pictures, name: str) -> None:
    links = pictures[name].links("What needs attention")

    assert any(url.startswith("/d/backup-resource?") and "var-resource=faculty" in url for url in links)
    assert "http://localhost:10342/resources/faculty/faculty" in links
    assert any(url.endswith("/docs/runbooks/BackupTooOld.md") for url in links)
    assert not any("${" in url for url in links)


@expected.EACH_OVERVIEW
def test_the_verdict_comes_first_and_is_the_largest(pictures: Pictures, name: str) -> None:
    first, *others = pictures[name].page["panels"]

    assert first["title"] == "Need attention"
    assert int(first["text"]) > 0
    assert not is_green(grounds(pictures[name])["Need attention"])
    assert all(first["box"]["width"] > each["box"]["width"] for each in others[:8])


@expected.EACH_OVERVIEW
def test_ten_bars_are_in_sight_the_worst_first_and_the_limit_is_in_the_middle(pictures: Pictures, name: str) -> None:
    shown = pictures[name].panel("Worst age against its limit")
    shares = [float(each["text"].removesuffix("%")) for each in shown["values"]]
    bottom = shown["box"]["y"] + shown["box"]["height"]

    assert len(shares) == 10
    assert shares == sorted(shares, reverse=True)
    assert all(each["box"]["y"] + each["box"]["height"] <= bottom for each in shown["values"])
    assert shares[0] < 180
    assert shown["bars"][0]["x"] + shown["bars"][0]["width"] < shown["values"][0]["box"]["x"] - 20, "not full: 200 % is"
    assert {each["color"] for each, share in zip(shown["values"], shares, strict=True) if share < 100}.isdisjoint(
        each["color"] for each, share in zip(shown["values"], shares, strict=True) if share >= 100
    )


@expected.EACH_OVERVIEW
def test_an_age_over_its_limit_reads_longer_than_the_limit(pictures: Pictures, name: str) -> None:
    seen = pictures[name]
    shares = (cell["text"] for cell in seen.column("Inventory", "Of limit"))
    rows = list(zip(shares, seen.column("Inventory", "Age"), seen.column("Inventory", "Limit"), strict=True))

    assert any(share.startswith("129") for share, _, _ in rows)
    assert all(age["text"] != limit["text"] for share, age, limit in rows if share != UNKNOWN)


@expected.EACH_OVERVIEW
def test_the_inventory_has_a_row_for_each_resource(pictures: Pictures, name: str) -> None:
    seen = pictures[name]

    assert str(seen.panel("Inventory")["given"]["rows"]) == seen.panel("Resources")["text"]
    assert {"State", "Name", "Source", "Age", "Limit", "Of limit", "Last status", "What"} <= set(
        seen.headers("Inventory")
    )
    assert all(cell["align"] == "flex-start" for cell in seen.column("Inventory", "State"))


@expected.EACH_PICTURE
def test_a_timeline_leaves_room_for_each_name(pictures: Pictures, name: str) -> None:
    for panel in pictures[name].page["panels"]:
        names = panel.get("timeline", {}).get("names", [])
        tops = [each["box"]["y"] for each in names]
        assert all(below - above >= 12 for above, below in itertools.pairwise(tops)), panel["title"]


@expected.EACH_RESOURCE
def test_one_resource_is_chosen_to_begin_with(pictures: Pictures, name: str) -> None:
    chosen = pictures[name].page["variables"]["resource"]

    assert isinstance(chosen["value"], str)
    assert chosen["value"] in {each["value"] for each in chosen["options"]}
    assert all(each["label"] for each in chosen["options"])
    lines = pictures[name].panel("Age against limit")["given"]["lines"]
    assert len(lines) <= 2, [each["name"] for each in lines]


@expected.EACH_RESOURCE
def test_each_status_has_a_colour_of_its_own_and_noughts_have_no_line(pictures: Pictures, name: str) -> None:
    lines = {each["name"]: each for each in pictures[name].panel("Backups listed, by status")["given"]["lines"]}

    assert {"completed", "failed"} <= set(lines)
    assert {each["mode"] for each in lines.values()} == {"fixed"}
    assert len({each["color"] for each in lines.values()}) == len(lines)
    assert {each["width"] for each in lines.values()} == {0}


@expected.EACH_PICTURE
def test_a_chart_is_more_plot_than_legend(pictures: Pictures, name: str) -> None:
    for panel in pictures[name].page["panels"]:
        if "plot" in panel:
            least = 0.5 if name.startswith("resource") else 0.4
            assert panel["plot"]["height"] > least * panel["box"]["height"], panel["title"]
        assert not [each for each in panel.get("legend", ()) if each.endswith(" limit")] or name.startswith("resource")


@expected.EACH_HEALTH
def test_every_source_is_in_sight_and_the_configuration_is_some_time_ago(pictures: Pictures, name: str) -> None:
    seen = pictures[name]

    assert len(seen.tables()["Sources"]["rows"]) == seen.panel("Sources")["given"]["rows"] == 7
    assert seen.panel("Configuration loaded")["text"].endswith("ago")
    assert "File descriptors" in {each["title"] for each in seen.page["panels"]}
    assert seen.panel("File descriptors")["given"]["lines"][0]["last"].startswith("0")


def test_rates_are_drawn_with_a_scrape_a_minute_over_half_an_hour(pictures: Pictures) -> None:
    seen = pictures[f"brief-{DESKTOP}"]

    for title in ("API requests by code", "API latency", "CPU"):
        steps = {each["step"] for each in seen.page["asked"] if each.get("panel") == title}
        drawn = [each["points"] for each in seen.panel(title).get("given", {}).get("lines", [])]
        assert drawn, title
        assert min(drawn) * max(steps) > 0.8 * 1800, (title, "seconds that have a point, of half an hour")


@expected.EACH_ODD
def test_bad_input_is_drawn_without_an_error_or_an_overlap(pictures: Pictures, name: str) -> None:
    test_everything_is_answered_and_drawn_without_an_error(pictures, name)
    assert overlaps(pictures[name]) == []
    assert cut_words(pictures[name]) == []
    test_nothing_is_wider_than_the_window_and_the_controls_take_two_lines(pictures, name)
    test_a_timeline_leaves_room_for_each_name(pictures, name)


def test_without_any_data_nothing_is_green_and_nothing_says_that_all_is_well(pictures: Pictures) -> None:
    seen = pictures[f"none-overview-{LAPTOP}"]

    assert [color for color in grounds(seen).values() if is_green(color)] == []
    assert all("All OK" not in each["text"] for each in seen.page["panels"])
    assert seen.panel("Need attention")["text"] == "no data"


def test_a_source_that_is_down_leaves_none_of_its_resources_green(pictures: Pictures) -> None:
    seen = pictures[f"down-overview-{LAPTOP}"]
    fields = {each["header"]: each["texts"] for each in seen.panel("Inventory")["given"]["fields"]}
    of_shop = [state for state, source in zip(fields["State"], fields["Source"], strict=True) if source == "shop"]

    assert seen.panel("Sources down")["text"] == "1"
    assert not is_green(grounds(seen)["Sources down"])
    assert of_shop
    assert "fine" not in of_shop


def test_a_source_that_is_down_is_the_first_row_in_red_and_read_whole_on_a_laptop(pictures: Pictures) -> None:
    seen = pictures[f"down-exporter-{LAPTOP}"]
    down, *others = (dict(zip(seen.headers("Sources"), row, strict=True)) for row in seen.tables()["Sources"]["rows"])

    assert {header: down[header]["text"] for header in ("Up", "Source", "Provider", "Verdict", "Reason")} == {
        "Up": "down",
        "Source": "shop",
        "Provider": find_vendor("shop"),
        "Verdict": "warning",
        "Reason": "server_error",
    }
    assert down["Data age"]["text"].startswith("03:00:")
    assert all(is_red(down[header]["background"]) for header in ("Up", "In intervals"))
    assert [each["Source"]["text"] for each in others if is_red(each["Up"]["background"])] == []


def test_300_resources_are_counted(pictures: Pictures) -> None:
    seen = pictures[f"many-overview-{LAPTOP}"]

    assert int(seen.panel("Resources")["text"]) > 300
    assert seen.panel("Inventory")["given"]["rows"] == int(seen.panel("Resources")["text"])


def test_replicas_count_nothing_twice(pictures: Pictures) -> None:
    one, two = pictures[f"overview-dark-{LAPTOP}"], pictures[f"replicas-overview-{LAPTOP}"]

    facts = ("Resources", "Stored", "Running now", "Paused", "Fine")
    for title in ("Need attention", "Too old", "Failing", "Stuck", *facts):
        assert one.panel(title)["text"] == two.panel(title)["text"], title


@pytest.mark.parametrize("board", expected.BOARDS)
def test_with_the_lean_list_a_table_names_what_is_not_exposed(pictures: Pictures, board: str) -> None:
    read = set(re.findall(r"\bbackup_\w+", (DASHBOARDS / f"{board}.json").read_text(encoding="utf-8")))
    left_out = {name for name in read if any(fnmatchcase(name, pattern) for pattern in lean_list())}
    listed = pictures[f"lean-{board}-{LAPTOP}"].panel("Not exposed").get("given", {}).get("fields", [])
    families = {family for each in listed if each["header"] == "Family" for family in each["texts"]}

    assert left_out - {"backup_monitoring_paused"} <= families
    assert bool(left_out) == (board != "exporter")
    assert all(place for each in listed if each["header"] == "Shown in" for place in each["texts"])


@expected.EACH_CLOSED
def test_closed_rows_are_neither_asked_for_nor_drawn_until_they_are_opened(pictures: Pictures, width: int) -> None:
    for board, last in (("resource", "Age against limit"), ("exporter", "Sources")):
        seen, opened = pictures[f"{board}-closed-{width}"], pictures[f"{board}-dark-{width}"]
        titles = {each["title"] for each in seen.page["panels"]}
        hidden = {each["title"] for each in opened.page["panels"]} - titles
        box = seen.panel(last)["box"]

        assert seen.page["errors"] == []
        assert overlaps(seen) == []
        assert seen.page["rows"] == opened.page["rows"]
        assert hidden == expected.BEHIND[board]
        assert hidden.isdisjoint(each.get("panel") for each in seen.page["asked"])
        assert box["y"] + box["height"] <= 1000, "on the first screen"


@pytest.mark.parametrize("board", expected.BOARDS)
def test_with_the_lean_list_an_empty_panel_names_what_is_not_exposed(pictures: Pictures, board: str) -> None:
    seen = pictures[f"lean-{board}-{LAPTOP}"]
    panels = (each for each in seen.page["panels"] if each["title"] != "Not exposed")
    empty = [each for each in panels if each["empty"] or each["text"].startswith("no ")]

    assert empty
    assert [each["title"] for each in empty if "backup_" not in each["text"]] == []


def test_with_the_lean_list_the_verdict_is_the_same(pictures: Pictures) -> None:
    whole, lean = pictures[f"overview-dark-{LAPTOP}"], pictures[f"lean-overview-{LAPTOP}"]

    for title in ("Need attention", "Too old", "Nothing to restore", "Failing", "Resources", "Paused", "Fine"):
        assert whole.panel(title)["text"] == lean.panel(title)["text"], title


def test_a_long_name_leaves_the_other_columns_in_sight(pictures: Pictures) -> None:
    seen = pictures[f"names-overview-{LAPTOP}"]

    assert all(cell["text"] for cell in seen.column("Inventory", "Name"))
