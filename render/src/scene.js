// Makes a scene of a dashboard's JSON, as Grafana's dashboard page does.
import {
  AdHocFiltersVariable,
  ConstantVariable,
  CustomVariable,
  DataSourceVariable,
  EmbeddedScene,
  QueryVariable,
  SceneControlsSpacer,
  SceneDataTransformer,
  SceneGridItem,
  SceneGridLayout,
  SceneGridRow,
  SceneQueryRunner,
  SceneRefreshPicker,
  SceneTimePicker,
  SceneTimeRange,
  SceneVariableSet,
  TextBoxVariable,
  VariableValueSelectors,
  VizPanel,
} from '@grafana/scenes';

const DATA_SOURCE = 'prometheus';

function variable(json, chosen) {
  const common = { name: json.name, label: json.label, description: json.description, hide: json.hide };
  const current = chosen ?? json.current?.value;
  const value = { value: current ?? '', text: json.current?.text ?? current ?? '' };
  switch (json.type) {
    case 'datasource':
      return new DataSourceVariable({ ...common, pluginId: json.query, value: DATA_SOURCE, text: 'Prometheus' });
    case 'query':
      return new QueryVariable({
        ...common,
        ...(current === undefined ? {} : value),
        datasource: json.datasource,
        query: json.query,
        regex: json.regex,
        refresh: json.refresh,
        sort: json.sort,
        isMulti: json.multi,
        includeAll: json.includeAll,
        allValue: json.allValue,
        defaultToAll: Boolean(json.includeAll) && !current,
      });
    case 'custom':
      return new CustomVariable({ ...common, ...value, query: json.query, isMulti: json.multi, includeAll: json.includeAll });
    case 'adhoc':
      return new AdHocFiltersVariable({ ...common, datasource: json.datasource, filters: [], layout: 'vertical' });
    case 'textbox':
      return new TextBoxVariable({ ...common, value: chosen ?? json.query ?? '' });
    case 'constant':
      return new ConstantVariable({ ...common, value: json.query });
    default:
      throw new Error(`variable ${json.name} has the unknown type ${json.type}`);
  }
}

function panel(json) {
  const queries = new SceneQueryRunner({
    datasource: json.datasource,
    queries: json.targets.map((each) => ({ ...each, datasource: json.datasource })),
    minInterval: json.interval,
    maxDataPoints: json.maxDataPoints,
    dataLayerFilter: { panelId: json.id },
  });
  const transformations = json.transformations ?? [];
  return new VizPanel({
    key: `panel-${json.id}`,
    title: json.title,
    description: json.description,
    pluginId: json.type,
    pluginVersion: '',
    options: json.options ?? {},
    fieldConfig: json.fieldConfig,
    $data: transformations.length ? new SceneDataTransformer({ $data: queries, transformations }) : queries,
  });
}

const item = (json) => {
  const { x, y, w, h } = json.gridPos;
  return new SceneGridItem({ key: `item-${json.id}`, x, y, width: w, height: h, body: panel(json) });
};

function place(panels) {
  const children = [];
  let row;
  for (const json of panels) {
    if (json.type === 'row') {
      row = new SceneGridRow({
        key: `row-${json.id}`,
        title: json.title,
        y: json.gridPos.y,
        isCollapsed: json.collapsed,
        children: (json.panels ?? []).map(item),
      });
      children.push(row);
    } else if (row && !row.state.isCollapsed) {
      row.setState({ children: [...row.state.children, item(json)] });
    } else {
      children.push(item(json));
    }
  }
  return children;
}

function layoutOf(json, opened) {
  const layout = new SceneGridLayout({ isLazy: false, isDraggable: false, isResizable: false, children: place(json.panels) });
  const closed = layout.state.children.filter((each) => each instanceof SceneGridRow && each.state.isCollapsed);
  (opened ? closed : []).forEach((each) => layout.toggleRow(each));
  return layout;
}

export function sceneOf(json, { from, to, chosen = {}, opened }) {
  return new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: from ?? json.time.from, to: to ?? json.time.to, timeZone: 'utc' }),
    $variables: new SceneVariableSet({
      variables: json.templating.list.map((each) => variable(each, chosen[each.name])),
    }),
    controls: [
      new VariableValueSelectors({}),
      new SceneControlsSpacer(),
      new SceneTimePicker({ isOnCanvas: true }),
      new SceneRefreshPicker({ isOnCanvas: true }),
    ],
    body: layoutOf(json, opened),
  });
}

export const optionsOf = (scene) =>
  Object.fromEntries(
    scene.state.$variables.state.variables.map(({ state }) => [
      state.name,
      { value: state.value, text: state.text, options: (state.options ?? []).map(({ label, value }) => ({ label, value })) },
    ])
  );
