"""The kinds of panel that our dashboards have: each takes what differs, and looks like the others of its kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.common import (
    LineStyle,
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
    VizTextDisplayOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, DashboardLink, FieldColor, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.common import DataSourceRef, VisibilityMode
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, FieldColorModeId, ValueMapping
from grafana_foundation_sdk.models.prometheus import QueryEditorMode

from dashboards import looks
from exporter.alerts.alert import RUNBOOKS

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
RESOURCE_URL = (
    "/d/backup-resource?${datasource:queryparam}&${cluster:queryparam}&${job:queryparam}&${instance:queryparam}"
    "&var-provider=${__data.fields.Provider}&var-source=${__data.fields.Source}"
    "&var-resource=${__data.fields.Resource}&${__url_time_range}"
)
HEALTH_URL = (
    "/d/backup-exporter-health?${datasource:queryparam}&${cluster:queryparam}&${job:queryparam}&${instance:queryparam}"
    "&${provider:queryparam}&${source:queryparam}&${resource:queryparam}&${__url_time_range}"
)

BAR_URL = (
    RESOURCE_URL.replace("__data.fields.Provider", "__field.labels.provider")
    .replace("__data.fields.Source", "__field.labels.source")
    .replace("__data.fields.Resource", "__field.labels.resource")
)
PAGE_URL = "${exporter}/resources/${__data.fields.Source:percentencode}/${__data.fields.Resource:percentencode}"
"""The exporter's own page of a resource; a text variable of the dashboard holds where it listens."""
RUNBOOK_URL = f"{RUNBOOKS}/${{__data.fields.Alert}}.md"

Panel = stat.Panel | bargauge.Panel | timeseries.Panel | statetimeline.Panel | table.Panel
_Kind = TypeVar("_Kind", stat.Panel, bargauge.Panel, timeseries.Panel, statetimeline.Panel, table.Panel)
_Placed = TypeVar("_Placed", DashboardLink, AnnotationQuery)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What every panel has: its heading, the help behind it, its size on a grid of 24 columns."""

    title: str
    description: str
    width: int
    height: int


def about(title: str, description: str, width: int = 12, height: int = 8) -> About:
    """Shorten the writing of panels."""
    return About(title=title, description=description, width=width, height=height)


def with_header(panel: _Kind, what: About) -> _Kind:
    """Give a panel what every one has."""
    panel.title(what.title).description(what.description).span(what.width).height(what.height)
    return panel.datasource(DATASOURCE)


def query(expr: str, legend: str = "") -> Dataquery:
    """Ask our data source, with the legend of the series."""
    return Dataquery().datasource(DATASOURCE).editor_mode(QueryEditorMode.CODE).expr(expr).legend_format(legend)


def in_sight(builder: _Placed) -> _Placed:
    """Show a link or an annotation at the top of the page.

    The SDK puts each into the menu of controls; its builders can name another place, but not leave the place out.
    """
    builder.build().placement = None  # type: ignore[assignment]
    return builder


def link(title: str, url: str) -> DashboardLink:
    """Lead elsewhere from a value."""
    return in_sight(DashboardLink(title).url(url))


def _color(mode: FieldColorModeId) -> FieldColor:
    return FieldColor().mode(mode)


def _last() -> ReduceDataOptions:
    return ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False)


def number(what: About, expr: str, unit: str, thresholds: ThresholdsConfig, *, neutral: bool = False) -> stat.Panel:
    """Show one number on a coloured ground, or with `neutral` a mere fact without a colour."""
    color = common.BigValueColorMode.NONE if neutral else common.BigValueColorMode.BACKGROUND
    return (
        with_header(stat.Panel(), what)
        .with_target(query(expr).ref_id("A").instant())
        .unit(unit)
        .color_scheme(_color(FieldColorModeId.THRESHOLDS))
        .thresholds(thresholds)
        .no_value("no data")
        .color_mode(color)
        .graph_mode(common.BigValueGraphMode.NONE)
        .justify_mode(common.BigValueJustifyMode.CENTER)
        .orientation(common.VizOrientation.AUTO)
        .text_mode(common.BigValueTextMode.VALUE)
        .wide_layout(True)
        .reduce_options(_last())
    )


def bar_gauge(what: About, shown: Dataquery, unit: str, thresholds: ThresholdsConfig) -> bargauge.Panel:
    """Show a bar for each series, as of now."""
    return (
        with_header(bargauge.Panel(), what)
        .with_target(shown.ref_id("A").instant())
        .unit(unit)
        .min(0)
        .max(2)
        .color_scheme(_color(FieldColorModeId.THRESHOLDS))
        .thresholds(thresholds)
        .no_value("no age to hold against a limit")
        .sizing(common.BarGaugeSizing.MANUAL)
        .min_viz_height(16)
        .max_viz_height(26)
        .text(VizTextDisplayOptions().title_size(13).value_size(14))
        .display_mode(common.BarGaugeDisplayMode.GRADIENT)
        .orientation(common.VizOrientation.HORIZONTAL)
        .show_unfilled(True)
        .value_mode(common.BarGaugeValueMode.COLOR)
        .name_placement(common.BarGaugeNamePlacement.LEFT)
        .reduce_options(_last())
    )


def _dash(color: str) -> list[DynamicConfigValue]:
    return [
        DynamicConfigValue("custom.lineStyle", LineStyle().fill("dash").dash([8, 6]).build()),
        DynamicConfigValue("custom.lineWidth", 2),
        DynamicConfigValue("custom.fillOpacity", 0),
        DynamicConfigValue("color", _color(FieldColorModeId.FIXED).fixed_color(color).build()),
    ]


def _names() -> VizLegendOptions:
    return (
        VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs([])
    )


def _legend(sort_by: str, *calculated: str) -> VizLegendOptions:
    return (
        VizLegendOptions()
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs([*calculated])
        .sort_by(sort_by)
        .sort_desc(True)
    )


def _tooltip(mode: common.TooltipDisplayMode, order: common.SortOrder) -> VizTooltipOptions:
    return VizTooltipOptions().mode(mode).sort(order)


def chart(what: About, unit: str, *queries: Dataquery, stacked: bool = False) -> timeseries.Panel:
    """Draw lines over time; series whose legend ends in `limit` or `typical` are dashed."""
    stacking = common.StackingMode.NORMAL if stacked else common.StackingMode.NONE
    return (
        with_header(timeseries.Panel(), what)
        .targets([each.ref_id(chr(ord("A") + place)).range() for place, each in enumerate(queries)])
        .unit(unit)
        .min(0)
        .color_scheme(_color(FieldColorModeId.PALETTE_CLASSIC))
        .no_value("nothing in this range")
        .draw_style(common.GraphDrawStyle.LINE)
        .line_interpolation(common.LineInterpolation.STEP_AFTER)
        .line_width(1)
        .fill_opacity(30 if stacked else 0)
        .show_points(VisibilityMode.AUTO)
        .span_nulls(False)
        .stacking(StackingConfig().mode(stacking).group("A"))
        .legend(_names())
        .tooltip(_tooltip(common.TooltipDisplayMode.MULTI, common.SortOrder.DESCENDING))
        .override_by_regexp("/ limit$/", _dash("red"))
        .override_by_regexp("/ typical$/", _dash("text"))
    )


SECONDS, MINUTES, HOURS, DAYS = "suffix:s", "suffix:min", "suffix:h", "suffix:d"
"""Units of durations that Grafana does not scale: an axis of its own unit of seconds reads 5.56 hours, 4.17 mins."""


def count_chart(what: About, *queries: Dataquery) -> timeseries.Panel:
    """Draw counts: whole numbers, on an axis that does not stretch noughts."""
    return chart(what, "none", *queries).decimals(0).axis_soft_max(3)


def hide_limits(panel: timeseries.Panel) -> timeseries.Panel:
    """Leave the dashed limits out of a legend that would hold little else."""
    hidden = {"viz": False, "legend": True, "tooltip": False}
    return panel.override_by_regexp("/ limit$/", [DynamicConfigValue("custom.hideFrom", hidden)])


def color_statuses(panel: timeseries.Panel) -> timeseries.Panel:
    """Give each status its own colour, and a stacked series of noughts no line."""
    colors = (*looks.STATUSES, ("in_progress", "light-blue"), ("pending", "text"))
    for name, color in colors:
        fixed = _color(FieldColorModeId.FIXED).fixed_color(color).build()
        panel.override_by_name(name, [DynamicConfigValue("color", fixed)])
    return panel.line_width(0).fill_opacity(70).decimals(0)


def bars(what: About, unit: str, *queries: Dataquery) -> timeseries.Panel:
    """Draw stacked bars of what happened in each step, of five minutes at least so that no bar is too thin to see."""
    return (
        chart(what, unit, *queries, stacked=True)
        .draw_style(common.GraphDrawStyle.BARS)
        .fill_opacity(80)
        .show_points(VisibilityMode.NEVER)
        .legend(_legend("Total", "sum"))
        .decimals(0)
        .axis_soft_max(3)
        .interval("5m")
    )


def timeline(what: About, mappings: Sequence[ValueMapping], shown: Dataquery) -> statetimeline.Panel:
    """Draw a band for each series, coloured by its state."""
    return (
        with_header(statetimeline.Panel(), what)
        .with_target(shown.ref_id("A").range())
        .unit("none")
        .color_scheme(_color(FieldColorModeId.THRESHOLDS))
        .thresholds(looks.CALM)
        .mappings([*mappings])
        .fill_opacity(75)
        .line_width(0)
        .span_nulls(False)
        .no_value("nothing in this range")
        .merge_values(True)
        .show_value(VisibilityMode.AUTO)
        .align_value(common.TimelineValueAlignment.LEFT)
        .row_height(0.85)
        .per_page(20)
        .legend(VizLegendOptions().show_legend(False))
        .tooltip(_tooltip(common.TooltipDisplayMode.SINGLE, common.SortOrder.NONE))
    )
