"""What the three dashboards have in common: variables, links, annotations, the grid."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import dashboard as classic
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    GridPos,
    RowPanel,
    VariableHide,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.dashboard import Panel as PanelModel

from dashboards.absence import every_panel, explain_emptiness, not_exposed
from dashboards.panels import DATASOURCE, Panel, in_sight, query
from dashboards.queries import alerts

TAG = "backup-exporter"
_CLUSTER = 'cluster=~"$cluster"'
_JOB = f'{_CLUSTER}, job=~"$job"'
_SOURCES = f'{_JOB}, instance=~"$instance"'
_NAMES = "max by (provider, source, resource, resource_name)"
_RESOURCES = f'backup_resource_info{{{_SOURCES}, provider=~"$provider", source=~"$source"}}'
_NAME_OF_RESOURCE = '/resource="(?<value>[^"]+)"(?:.*resource_name="(?<text>[^"]+))?/'
"""The menu shows names, the variable holds ids; where a name is missing the id stands for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Which variables a dashboard shows; what is hidden goes along with its links."""

    instance: bool = False
    exporter: bool = False
    one_resource: bool = False
    """One resource is chosen, not several or all."""


_Variable = TypeVar(
    "_Variable", classic.QueryVariable, classic.DatasourceVariable, classic.AdHocVariable, classic.TextBoxVariable
)


def _not_interval(variable: _Variable) -> _Variable:
    """Take away the defaults of an interval's variable, which the SDK gives to every other as well."""
    made = variable.build()
    made.auto = made.auto_min = made.auto_count = None
    return variable


def _variable(name: str, label: str, values: str, regex: str = "") -> classic.QueryVariable:
    return _not_interval(
        classic.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query(values)
        .regex(regex)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(VariableOption(selected=True, text="All", value="$__all"))
        .hide(VariableHide.DONT_HIDE)
    )


def _data_source() -> classic.DatasourceVariable:
    """Let one choose a Prometheus; when to look for new ones the SDK cannot say. Grafana does at each load."""
    return _not_interval(
        classic.DatasourceVariable("datasource")
        .label("Data source")
        .type("prometheus")
        .regex("")
        .hide(VariableHide.DONT_HIDE)
    )


def _variables(shown: Shown) -> list[classic.QueryVariable]:
    """List what narrows the queries, each narrowed by those before it.

    All is `.*`, which also lets through series that have no such label: where there is one cluster, none is named.
    """
    build, polled = "backup_exporter_build_info", "backup_poll_configured_interval_seconds"
    resource = _variable("resource", "Resource", f"query_result({_NAMES} ({_RESOURCES}))", _NAME_OF_RESOURCE)
    instance = _variable("instance", "Instance", f"label_values({build}{{{_JOB}}}, instance)")
    return [
        _variable("cluster", "Cluster", f"label_values({build}, cluster)"),
        _variable("job", "Job", f"label_values({build}{{{_CLUSTER}}}, job)"),
        instance if shown.instance else instance.hide(VariableHide.HIDE_VARIABLE),
        _variable("provider", "Provider", f"label_values({polled}{{{_SOURCES}}}, provider)"),
        _variable("source", "Source", f'label_values({polled}{{{_SOURCES}, provider=~"$provider"}}, source)'),
        _choose_one(resource) if shown.one_resource else resource,
    ]


def _choose_one(variable: classic.QueryVariable) -> classic.QueryVariable:
    """Let exactly one be chosen, and begin with the first."""
    made = variable.multi(False).include_all(False).build()
    made.all_value = made.current = None
    return variable


def _labels() -> classic.AdHocVariable:
    """Let one filter by any label: those of the configuration, such as a squad, or a cluster; ours cannot be known."""
    return _not_interval(
        classic.AdHocVariable("labels").label("Labels").datasource(DATASOURCE).hide(VariableHide.DONT_HIDE)
    )


def _exporter(hide: VariableHide) -> classic.TextBoxVariable:
    """Let one say where the exporter's own page is, for links to it."""
    return _not_interval(
        classic.TextBoxVariable("exporter")
        .label("Exporter's page")
        .default_value("http://localhost:10342")
        .current(VariableOption(selected=True, text="http://localhost:10342", value="http://localhost:10342"))
        .hide(hide)
    )


def _own_annotations() -> classic.AnnotationQuery:
    """Keep what Grafana adds to any dashboard that lacks it: the notes that people made."""
    return in_sight(
        classic.AnnotationQuery()
        .name("Annotations & Alerts")
        .datasource(DataSourceRef(type_val="grafana", uid="-- Grafana --"))
        .built_in(1)
        .type("dashboard")
        .enable(True)
        .hide(True)
        .icon_color("blue")
    )


def _firing_alerts() -> classic.AnnotationQuery:
    firing = alerts("ALERTS", 'alertstate="firing"')
    return in_sight(
        classic.AnnotationQuery()
        .name("Firing alerts")
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color("red")
        # Grafana to 10 reads `expr` and `step`, later ones read `target`.
        .expr(firing)
        .step("60s")
        .target(query(firing).ref_id("firing").range().interval("60s"))
        .title_format("{{alertname}}")
        .text_format("{{severity}}: {{source}} {{resource_name}} {{kind}}")
        .tag_keys("severity,source")
    )


def _menu() -> classic.DashboardLink:
    return in_sight(
        classic.DashboardLink("Backups")
        .type(DashboardLinkType.DASHBOARDS)
        .tooltip("The other dashboards of the exporter, with the same time and the same choices")
        .icon("external link")
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
        .target_blank(False)
    )


def row(title: str, *lines: Sequence[Panel]) -> list[classic.Row | Panel]:
    """Head lines of panels, each as wide as the page, with a title."""
    return [classic.Row(title), *itertools.chain.from_iterable(lines)]


def make_collapsed_row(title: str, *lines: Sequence[Panel]) -> list[classic.Row]:
    """Keep lines of panels behind a title, on which one clicks to see them."""
    made = classic.Row(title)
    for panel in itertools.chain.from_iterable(lines):
        made.with_panel(panel)
    return [made]


def _at(panel: PanelModel | RowPanel) -> GridPos:
    return panel.grid_pos or GridPos()


def _close_up(panels: Iterable[PanelModel | RowPanel]) -> None:
    """Move up what follows a closed row: the SDK places it below the panels that are not seen."""
    hidden = 0
    for each in panels:
        inside = each.panels if isinstance(each, RowPanel) else []
        for one in (each, *inside):
            _at(one).y -= hidden
        if inside:
            hidden += max(_at(one).y + _at(one).h for one in inside) - _at(each).y - 1


def dashboard(
    uid: str, title: str, description: str, since: str, shown: Shown, rows: Iterable[Sequence[classic.Row | Panel]]
) -> Dashboard:
    """Frame rows of panels as a dashboard."""
    hide_exporter = VariableHide.DONT_HIDE if shown.exporter else VariableHide.HIDE_VARIABLE
    made = (
        classic.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .editable()
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .refresh("1m")
        .time(since, "now")
        .link(_menu())
        .annotations([_own_annotations(), _firing_alerts()])
        .variables([_data_source(), *_variables(shown), _labels(), _exporter(hide_exporter)])
    )
    for each in itertools.chain.from_iterable(rows):
        if isinstance(each, classic.Row):
            made.with_row(each)
        else:
            made.with_panel(each)
    return _finish(made)


def _finish(made: classic.Dashboard) -> Dashboard:
    """Add what may be missing, place what follows closed rows, and number the panels."""
    shown = list(every_panel(made.build().panels or ()))
    for panel in shown:
        explain_emptiness(panel)
    if any(isinstance(each, RowPanel) for each in made.build().panels or ()):
        made.with_row(classic.Row("What is missing"))
    made.with_panel(not_exposed(shown))
    finished = made.build()
    panels = finished.panels or []
    _close_up(panels)
    every = (one for each in panels for one in (each, *(each.panels if isinstance(each, RowPanel) else ())))
    for number, panel in enumerate(every, 1):
        panel.id_val = number
    return finished
