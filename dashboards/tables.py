"""Builders of tables: one instant query for each column, merged into a row for each resource or source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import table as panel
from grafana_foundation_sdk.builders.common import TableSortByFieldState
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import (
    FieldTextAlignment,
    TableAutoCellOptions,
    TableCellBackgroundDisplayMode,
    TableCellHeight,
    TableColoredBackgroundCellOptions,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    ValueMapping,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards import looks
from dashboards.panels import RESOURCE_URL, About, link, query, with_header

TO_RESOURCE = ("Open this resource", RESOURCE_URL)
_HIDDEN = ("Time", "__name__", "job", "instance", "pod", "container", "endpoint", "node", "namespace", "service")
_COLORED = TableColoredBackgroundCellOptions(mode=TableCellBackgroundDisplayMode.BASIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: the value of a query, or a label that some query of the table brings."""

    header: str
    expr: str = ""
    """Empty where a label is shown that comes with another column's query."""
    label: str = ""
    """Show this label of the series in place of the query's value."""
    unit: str = "none"
    mappings: Sequence[ValueMapping] = ()
    thresholds: ThresholdsConfig | None = None
    decimals: int | None = None
    width: int = 110
    """Pixels; 0 takes what is left."""
    hidden: bool = False
    """Not drawn, but there for links."""
    filterable: bool = False
    links: Sequence[tuple[str, str]] = ()
    """Titles and addresses to which the cell leads."""

    @property
    def ref(self) -> str:
        """Name the query."""
        return self.header.lower().replace(" ", "_")


def identify() -> list[Column]:
    """Return the columns that identify a resource: its source to be seen, the rest for links."""
    return [
        Column(header="Source", label="source", filterable=True, width=130),
        Column(header="Provider", label="provider", hidden=True),
        Column(header="Resource", label="resource", hidden=True),
    ]


def _target(column: Column) -> Dataquery:
    return query(column.expr).ref_id(column.ref).format(PromQueryFormat.TABLE).instant()


def _look(column: Column) -> list[DynamicConfigValue]:
    numbers = {"unit": column.unit, "decimals": column.decimals, "custom.width": column.width or None}
    properties = [DynamicConfigValue(name, value) for name, value in numbers.items() if value is not None]
    if column.mappings or column.thresholds:
        properties.append(DynamicConfigValue("mappings", [*column.mappings, looks.UNKNOWN]))
    if column.mappings or column.label:
        properties.append(DynamicConfigValue("custom.align", FieldTextAlignment.LEFT))
    if column.hidden:
        # Grafana 12.2 and later read the first, older ones the second.
        properties.append(DynamicConfigValue("custom.hideFrom", {"viz": True, "legend": False, "tooltip": False}))
        properties.append(DynamicConfigValue("custom.hidden", True))
    if column.filterable:
        properties.append(DynamicConfigValue("custom.filterable", True))
    if column.links:
        properties.append(DynamicConfigValue("links", [link(title, url).build() for title, url in column.links]))
    if column.thresholds:
        properties.append(DynamicConfigValue("thresholds", column.thresholds.build()))
    if column.mappings or column.thresholds:
        properties.append(DynamicConfigValue("custom.cellOptions", _COLORED))
    return properties


def _arrange(columns: Sequence[Column]) -> DataTransformerConfig:
    """Order and name the columns; Grafana calls a query's value `Value`, and distinguishes several queries by refId.

    The SDK knows no transformation's options, so these are a plain dict.
    """
    queries = [each for each in columns if each.expr]
    values = {each.header: f"Value #{each.ref}" if len(queries) > 1 else "Value" for each in queries}
    fields = {each.header: each.label or values[each.header] for each in columns}
    unseen = [*_HIDDEN, *(values[each.header] for each in queries if each.label)]
    return DataTransformerConfig(
        id_val="organize",
        options={
            "excludeByName": {field: True for field in unseen if field not in fields.values()},
            "indexByName": {field: place for place, field in enumerate(fields.values())},
            "renameByName": {"cluster": "Cluster"}
            | {field: header for header, field in fields.items() if field != header},
        },
    )


def _sorting(header: str, descends: bool) -> TableSortByFieldState:
    return TableSortByFieldState().display_name(header).desc(descends)


def table(
    what: About,
    columns: Sequence[Column],
    sort_by: Mapping[str, bool],
    *,
    linked: str = "",
    empty: str = "no data",
) -> panel.Panel:
    """Show a row for whatever the columns' queries agree on.

    `sort_by` says of each header whether it descends; a click on the column `linked` opens the row's resource; `empty`
    stands where there is no row. Labels that are no column, such as those a user configured, follow
    at the right under their own names.
    """
    made = (
        with_header(panel.Panel(), what)
        .targets([_target(each) for each in columns if each.expr])
        .unit("none")
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .thresholds(looks.CALM)
        .align(FieldTextAlignment.AUTO)
        .filterable(False)
        .cell_options(TableAutoCellOptions())
        .no_value(empty)
        .show_header(True)
        .cell_height(TableCellHeight.SM)
        .sort_by([_sorting(header, descends) for header, descends in sort_by.items()])
        .with_transformation(DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(_arrange(columns))
    )
    made.override_by_regexp("/.*/", [DynamicConfigValue("noValue", "")])  # else `empty` stands in each empty cell
    for column in columns:
        made.override_by_name(column.header, _look(column))
    if linked:
        to_resource = [link("Open this resource", RESOURCE_URL).build()]
        made.override_by_name(linked, [DynamicConfigValue("links", to_resource)])
    return made
