// A small data source that asks a Prometheus as Grafana does, and remembers what it asked.
import { DataSourceApi, FieldType, rangeUtil } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { VizPanel, sceneGraph } from '@grafana/scenes';
import { from } from 'rxjs';

const SCRAPE_SECONDS = 15;
const seconds = (interval) => rangeUtil.intervalToSeconds(interval);

function legendOf(format, labels) {
  if (format) {
    return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, name) => labels[name] ?? '');
  }
  return JSON.stringify(labels);
}

function number(text) {
  const value = Number(text.replace('+Inf', 'Infinity').replace('-Inf', '-Infinity'));
  return Number.isFinite(value) ? value : null;
}

function toTable(series, refId, one) {
  if (!series.length) {
    return [{ refId, fields: [], length: 0 }];
  }
  const names = [...new Set(series.flatMap((each) => Object.keys(each.metric)))].sort();
  const texts = names.map((name) => ({
    name,
    type: FieldType.string,
    config: { filterable: true },
    values: series.map((each) => each.metric[name] ?? ''),
  }));
  const times = series.map((each) => each.value[0] * 1000);
  const values = series.map((each) => number(each.value[1]));
  return [
    {
      refId,
      length: series.length,
      fields: [
        { name: 'Time', type: FieldType.time, config: {}, values: times },
        ...texts,
        { name: one ? 'Value' : `Value #${refId}`, type: FieldType.number, config: {}, values },
      ],
    },
  ];
}

function toFrames(series, target, step) {
  return series.map(({ metric, values, value }) => {
    const points = values ?? [value];
    return {
      refId: target.refId,
      length: points.length,
      fields: [
        { name: 'Time', type: FieldType.time, config: { interval: step * 1000 }, values: points.map(([at]) => at * 1000) },
        {
          name: 'Value',
          type: FieldType.number,
          labels: metric,
          config: { displayNameFromDS: legendOf(target.legendFormat, metric) },
          values: points.map(([, text]) => number(text)),
        },
      ],
    };
  });
}

export class Prometheus extends DataSourceApi {
  constructor(settings) {
    super(settings);
    this.instanceSettings = settings;
    this.url = '';
    this.asked = [];
    this.interval = `${SCRAPE_SECONDS}s`;
  }

  async ask(path, parameters) {
    const response = await fetch(`${this.url}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(parameters) });
    const answer = await response.json();
    if (answer.status !== 'success') {
      throw new Error(answer.error);
    }
    return answer.data.result;
  }

  query(request) {
    return from(this.answer(request));
  }

  async answer(request) {
    const targets = request.targets.filter((each) => each.expr && !each.hide);
    const frames = await Promise.all(targets.map((each) => this.answerOne(each, request, targets.length === 1)));
    return { data: frames.flat() };
  }

  async answerOne(target, request, one) {
    const least = seconds(target.interval || this.interval);
    const step = Math.max(request.intervalMs / 1000, least);
    const rate = Math.max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS);
    const range = Math.round(request.range.to.diff(request.range.from) / 1000);
    const own = {
      ...request.scopedVars,
      __rate_interval: { value: `${Math.round(rate)}s` },
      __interval: { value: `${Math.round(step)}s` },
      __range: { value: `${range}s` },
      __range_s: { value: range },
    };
    const filters = (request.filters ?? []).map(({ key, operator, value }) => `${key}${operator}${JSON.stringify(value)}`);
    let expr = getTemplateSrv().replace(target.expr, own, regexOf);
    if (filters.length) {
      expr = expr.replace(/\{/g, `{${filters.join(',')}, `);
    }
    const note = { panel: titleOf(request), refId: target.refId, expr, step, instant: Boolean(target.instant) };
    this.asked.push(note);
    const end = request.range.to.valueOf() / 1000;
    try {
      const series = target.instant
        ? await this.ask('query', { query: expr, time: end })
        : await this.ask('query_range', { query: expr, start: Math.floor((end - range) / step) * step, end: Math.floor(end / step) * step, step });
      note.series = series.length;
      return target.format === 'table' ? toTable(series, target.refId, one) : toFrames(series, target, step);
    } catch (error) {
      note.error = String(error.message);
      return [];
    }
  }

  async metricFindQuery(query, options) {
    const text = typeof query === 'string' ? query : query.query ?? query.expr ?? '';
    const expr = getTemplateSrv().replace(text, options?.scopedVars, regexOf);
    const note = { variable: options?.variable?.name, expr };
    this.asked.push(note);
    const time = options.range.to.valueOf() / 1000;
    const values = /^label_values\((.*),\s*(\w+)\)$/s.exec(expr);
    const result = /^query_result\((.*)\)$/s.exec(expr);
    const found = await this.ask('query', { query: (values ?? result)[1], time });
    note.series = found.length;
    if (values) {
      return [...new Set(found.map((each) => each.metric[values[2]]).filter(Boolean))].map((each) => ({ text: each, value: each }));
    }
    return found.map(({ metric, value }) => {
      const labels = Object.entries(metric).map(([name, each]) => `${name}="${each}"`);
      const line = `${metric.__name__ ?? ''}{${labels.join(',')}} ${value[1]} ${value[0] * 1000}`;
      return { text: line, value: line };
    });
  }

  async getTagKeys() {
    return [];
  }

  async getTagValues() {
    return [];
  }

  async testDatasource() {
    return { status: 'success', message: '' };
  }
}

function titleOf(request) {
  const asking = request.scopedVars?.__sceneObject?.value?.valueOf();
  return asking && sceneGraph.getAncestor(asking, VizPanel).state.title;
}

function regexOf(value, variable) {
  if (typeof value === 'string' && !(variable?.multi || variable?.includeAll)) {
    return value;
  }
  const values = (Array.isArray(value) ? value : [value]).map((each) =>
    String(each).replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]+?.()|]/g, '\\\\$&')
  );
  return values.length === 1 ? values[0] : `(${values.join('|')})`;
}
