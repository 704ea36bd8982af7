// The kinds of panel that the dashboards have, over the components of @grafana/ui that Grafana's own panels use.
import {
  FieldType,
  PanelPlugin,
  getDisplayProcessor,
  getDisplayValueAlignmentFactors,
  getFieldDisplayName,
  getFieldDisplayValues,
  identityOverrideProcessor,
} from '@grafana/data';
import { registerRuntimePanelPlugin } from '@grafana/scenes';
import { BarGauge, BigValue, PanelContextProvider, TimeSeries, VizRepeater, useTheme2 } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { drawn } from './drawn.js';
import { property } from './setup.js';
import { Timeline } from './timeline.jsx';

function Empty({ text }) {
  return (
    <div className="panel-empty" data-empty style={{ height: '100%', display: 'grid', placeItems: 'center' }}>
      {text || 'No data'}
    </div>
  );
}

const isEmpty = (data) => !data.series.some((each) => each.length);

function displays({ data, fieldConfig, options, replaceVariables, timeZone }, theme) {
  return getFieldDisplayValues({
    fieldConfig,
    reduceOptions: options.reduceOptions,
    replaceVariables,
    theme,
    data: data.series,
    timeZone,
  });
}

function Stat(props) {
  const theme = useTheme2();
  const { options, width, height, data, renderCounter } = props;
  const renderValue = ({ value, width, height, count }) => (
    <BigValue
      value={value.display}
      count={count}
      colorMode={options.colorMode}
      graphMode={options.graphMode}
      justifyMode={options.justifyMode}
      textMode={options.textMode}
      text={options.text}
      wideLayout={options.wideLayout}
      width={width}
      height={height}
      theme={theme}
    />
  );
  drawn(props.title, { tiles: displays(props, theme).map((each) => ({ ...colored(each.display), links: linksOf(each) })) });
  return (
    <VizRepeater
      getValues={() => displays(props, theme)}
      renderValue={renderValue}
      width={width}
      height={height}
      source={data}
      renderCounter={renderCounter}
      autoGrid
      orientation={options.orientation}
    />
  );
}

function colored(display) {
  return { text: `${display.prefix ?? ''}${display.text}${display.suffix ?? ''}`, color: display.color, title: display.title };
}

function linksOf(each) {
  return each.hasLinks && each.getLinks ? each.getLinks({}).map(({ href, title }) => ({ href, title })) : [];
}

function Bars(props) {
  const theme = useTheme2();
  const { options, width, height, data, renderCounter } = props;
  if (isEmpty(data)) {
    return <Empty text={props.fieldConfig.defaults.noValue} />;
  }
  drawn(props.title, { tiles: displays(props, theme).map((each) => ({ ...colored(each.display), links: linksOf(each) })) });
  const renderValue = ({ value, width, height, orientation, count, alignmentFactors }) => (
    <BarGauge
      value={value.display}
      width={width}
      height={height}
      orientation={orientation}
      field={value.field}
      text={options.text}
      display={value.view?.getFieldDisplayProcessor(value.colIndex)}
      theme={theme}
      itemSpacing={8}
      displayMode={options.displayMode}
      alignmentFactors={count > 1 ? alignmentFactors : undefined}
      showUnfilled={options.showUnfilled}
      valueDisplayMode={options.valueMode}
      namePlacement={options.namePlacement}
    />
  );
  return (
    <VizRepeater
      source={data}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      getValues={() => displays(props, theme)}
      renderValue={renderValue}
      renderCounter={renderCounter}
      width={width}
      height={height}
      maxVizHeight={options.sizing === 'manual' ? options.maxVizHeight : 300}
      minVizWidth={options.sizing === 'manual' ? options.minVizWidth : 8}
      minVizHeight={options.sizing === 'manual' ? options.minVizHeight : 16}
      itemSpacing={8}
      orientation={options.orientation}
    />
  );
}

function Table(props) {
  const { data, width, height, options, fieldConfig, timeRange } = props;
  const frame = data.series[0];
  if (isEmpty(data)) {
    return <Empty text={fieldConfig.defaults.noValue} />;
  }
  drawn(props.title, { fields: frame.fields.map((field) => fieldOf(field, frame, data)), rows: frame.length });
  return (
    <TableNG
      data={frame}
      width={width}
      height={height}
      noHeader={!options.showHeader}
      sortBy={options.sortBy}
      initialSortBy={options.sortBy} // what Grafana 12 calls it
      cellHeight={options.cellHeight}
      timeRange={timeRange}
      fieldConfig={fieldConfig}
      resizable
      structureRev={data.structureRev}
      noValue={fieldConfig.defaults.noValue}
      disableKeyboardEvents
    />
  );
}

function fieldOf(field, frame, data) {
  const links = field.getLinks
    ? Array.from({ length: frame.length }, (_, valueRowIndex) =>
        field.getLinks({ valueRowIndex }).map(({ href, title }) => ({ href, title }))
      )
    : [];
  return {
    header: getFieldDisplayName(field, frame, data.series),
    texts: field.values.map((each) => colored(field.display(each)).text),
    links: links.some((each) => each.length) ? links : undefined,
  };
}

function Lines(props) {
  const { data, width, height, timeRange, timeZone, options } = props;
  const theme = useTheme2();
  if (isEmpty(data)) {
    return <Empty text={props.fieldConfig.defaults.noValue} />;
  }
  const frames = data.series.filter((each) => each.length);
  drawn(props.title, {
    lines: frames.flatMap((frame) =>
      frame.fields
        .filter((field) => field.type === FieldType.number)
        .map((field) => {
          const values = field.values.filter((each) => each !== null);
          const display = field.display ?? getDisplayProcessor({ field, theme });
          return {
            name: getFieldDisplayName(field, frame, frames),
            color: theme.visualization.getColorByName(field.config.color?.fixedColor ?? '') ,
            mode: field.config.color?.mode,
            points: values.length,
            last: display(values.at(-1)).text,
            hidden: field.config.custom?.hideFrom ?? {},
            width: field.config.custom?.lineWidth,
          };
        })
    ),
  });
  return (
    <PanelContextProvider value={{ eventBus: props.eventBus }}>
      <TimeSeries
        frames={frames}
        structureRev={data.structureRev}
        width={width}
        height={height}
        timeRange={timeRange}
        timeZone={timeZone}
        legend={options.legend}
        options={options}
      />
    </PanelContextProvider>
  );
}

const CUSTOM = {
  table: ['align', 'cellOptions', 'filterable', 'hideFrom', 'hidden', 'inspect', 'minWidth', 'width'],
  timeseries: [
    'axisBorderShow', 'axisCenteredZero', 'axisColorMode', 'axisLabel', 'axisPlacement', 'axisSoftMax', 'axisSoftMin',
    'axisWidth', 'barAlignment', 'barWidthFactor', 'drawStyle', 'fillBelowTo', 'fillColor', 'fillOpacity', 'gradientMode',
    'hideFrom', 'insertNulls', 'lineColor', 'lineInterpolation', 'lineStyle', 'lineWidth', 'pointColor', 'pointSize',
    'scaleDistribution', 'showPoints', 'showValues', 'spanNulls', 'stacking', 'thresholdsStyle', 'transform',
  ],
  'state-timeline': ['fillOpacity', 'hideFrom', 'lineWidth', 'spanNulls'],
};
const DEFAULTS = {
  timeseries: {
    axisPlacement: 'auto', barAlignment: 0, barWidthFactor: 0.6, drawStyle: 'line', fillOpacity: 0, gradientMode: 'none',
    hideFrom: { legend: false, tooltip: false, viz: false }, lineInterpolation: 'linear', lineWidth: 1, pointSize: 5,
    scaleDistribution: { type: 'linear' }, showPoints: 'auto', spanNulls: false, stacking: { group: 'A', mode: 'none' },
    thresholdsStyle: { mode: 'off' }, axisColorMode: 'text', axisLabel: '', axisBorderShow: false,
  },
  table: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false },
};

export function registerPanels() {
  const kinds = { stat: Stat, bargauge: Bars, table: Table, timeseries: Lines, 'state-timeline': Timeline };
  for (const [pluginId, component] of Object.entries(kinds)) {
    const plugin = new PanelPlugin(component).useFieldConfig({
      useCustomConfig(builder) {
        for (const id of CUSTOM[pluginId] ?? []) {
          builder.addCustomEditor({ ...property(id, identityOverrideProcessor, true), defaultValue: DEFAULTS[pluginId]?.[id] });
        }
      },
    });
    plugin.meta = { id: pluginId, name: pluginId, info: { version: '' } };
    registerRuntimePanelPlugin({ pluginId, plugin });
  }
}
