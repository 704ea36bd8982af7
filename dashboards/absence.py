"""What a dashboard reads that may not be exposed: an empty panel names it, and so does a table of them all."""

import re
from collections.abc import Iterable, Iterator, Sequence

from grafana_foundation_sdk.builders import table as tabular
from grafana_foundation_sdk.models.dashboard import Panel, RowPanel
from grafana_foundation_sdk.models.prometheus import Dataquery

from dashboards import looks
from dashboards.panels import about
from dashboards.queries import exporter
from dashboards.tables import Column, table

NEVER_EXCLUDED = re.compile(
    r"backup_(exporter_\w+|(resource|source)_(problem|up|worst_severity|info)|monitoring_paused|poll_configured_interval_seconds)"
)
SELECTOR = re.compile(r"\b(backup_\w+)\{([^}]*)\}")
MANY = 20
"""From so many families on, the table of those that are not exposed is higher."""
CHOICE = re.compile(r'\w+=~"\$\w+"')


def every_panel(panels: Iterable[Panel | RowPanel]) -> Iterator[Panel]:
    """Yield the panels of a dashboard, those in closed rows too."""
    for each in panels:
        yield from each.panels if isinstance(each, RowPanel) else (each,)


def _queries(panel: Panel) -> list[Dataquery]:
    return [each for each in panel.targets or () if isinstance(each, Dataquery)]


def _selectors(queries: Iterable[Dataquery]) -> dict[str, str]:
    """Return the families that queries read and that a configuration may leave out, with what is chosen of each."""
    found = (match for each in queries for match in SELECTOR.finditer(str(each.expr)))
    return {
        name.removesuffix("_bucket"): f"{name}{{{', '.join(CHOICE.findall(matchers))}}}"
        for name, matchers in (match.groups() for match in found)
        if not NEVER_EXCLUDED.fullmatch(name)
    }


def explain_emptiness(panel: Panel) -> None:
    """Let a panel that is empty name the families that it reads, and take no colour: that of a tile is a verdict."""
    families = list(_selectors(_queries(panel)))
    if panel.type_val == "table" or panel.field_config is None:
        return
    defaults = panel.field_config.defaults
    if families and panel.type_val != "stat":
        defaults.no_value = f"nothing in this range, or not exposed: {', '.join(families)}"
    if panel.type_val == "stat":
        defaults.no_value = f"no {min(families, key=len)}" if families else "no data"
        defaults.mappings = [*(defaults.mappings or ()), looks.unknown(defaults.no_value)]


def _columns(panel: Panel, family: str) -> list[str]:
    """Return the headers of the columns that read a family."""
    reading = [each for each in _queries(panel) if family in _selectors([each])]
    return [str(each.ref_id).replace("_", " ").capitalize() for each in reading]


def _where(panel: Panel, family: str) -> str:
    if panel.type_val != "table" or len(_queries(panel)) == 1:
        return str(panel.title)
    return f"{panel.title} ({', '.join(_columns(panel, family))})"


def _row(family: str, selector: str, places: Sequence[str]) -> str:
    labels = {"family": family, "shown": "; ".join(places)}
    expr = f"absent({selector})"
    for label, value in labels.items():
        expr = f'label_replace({expr}, "{label}", "{value}", "", "")'
    return expr


def not_exposed(panels: Sequence[Panel]) -> tabular.Panel:
    """List the families that panels read and that have no series, where an exporter is scraped at all."""
    selectors = {family: each for panel in panels for family, each in _selectors(_queries(panel)).items()}
    rows = [
        _row(
            family, selectors[family], [_where(each, family) for each in panels if family in _selectors(_queries(each))]
        )
        for family in sorted(selectors)
    ]
    what = about(
        "Not exposed",
        "Families that this page reads and that have no series for what is chosen: left out by metrics.exclude, not "
        "reported by the vendor, or nothing to report at present. Their panels are empty, their columns missing.",
        width=24,
        height=10 if len(rows) > MANY else 6,
    )
    scraped = exporter("backup_exporter_build_info")
    columns = [
        Column(header="Family", expr=f"({' or '.join(rows)}) and on () {scraped}", label="family", width=370),
        Column(header="Shown in", label="shown", width=0),
    ]
    nothing = "every family that this page reads is exposed, or no exporter is scraped"
    return table(what, columns, {"Family": False}, empty=nothing)
