// @grafana/ui exports no state timeline, so this one is our own drawing: texts and colours are Grafana's.
import { FieldType, dateTimeFormat, getFieldDisplayName } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import { drawn } from './drawn.js';

const AXIS = 26;
const LETTER = 6.3;

function bandsOf(field, times, step, end) {
  const bands = [];
  field.values.forEach((value, index) => {
    if (value === null) {
      return;
    }
    const [from, to] = [times[index], Math.min(times[index] + step, end)];
    const { text, color } = field.display(value);
    const last = bands.at(-1);
    if (last && last.text === text && from - last.to <= step / 2) {
      last.to = to;
    } else {
      bands.push({ from, to, text, color });
    }
  });
  return bands;
}

const cut = (text, room) => (text.length * LETTER <= room ? text : `${text.slice(0, Math.max(1, Math.floor(room / LETTER) - 1))}…`);

export function Timeline({ title, data, width, height, timeRange, options, fieldConfig }) {
  const theme = useTheme2();
  const frames = data.series.filter((each) => each.length);
  if (!frames.length) {
    return (
      <div data-empty style={{ height: '100%', display: 'grid', placeItems: 'center' }}>
        {fieldConfig.defaults.noValue}
      </div>
    );
  }
  const [begin, end] = [timeRange.from.valueOf(), timeRange.to.valueOf()];
  const rows = frames.map((frame) => {
    const [time, field] = [frame.fields[0], frame.fields.find((each) => each.type === FieldType.number)];
    return {
      name: getFieldDisplayName(field, frame, frames),
      bands: bandsOf(field, time.values, time.config.interval ?? 60000, end),
    };
  });
  drawn(title, { rows: rows.map(({ name, bands }) => ({ name, bands: bands.map(({ text, color }) => ({ text, color })) })) });
  const pages = Math.ceil(rows.length / (options.perPage || rows.length));
  const shown = rows.slice(0, options.perPage || rows.length);
  const room = height - AXIS - (pages > 1 ? 24 : 0);
  const step = Math.min(room / shown.length, 60);
  const left = Math.min(Math.max(...rows.map(({ name }) => name.length)) * LETTER + 12, width / 3);
  const place = (at) => left + ((Math.max(begin, at) - begin) / (end - begin)) * (width - left);
  const ticks = [0, 0.2, 0.4, 0.6, 0.8].map((part) => begin + part * (end - begin));
  const small = { fontSize: 12, fill: theme.colors.text.primary, fontFamily: theme.typography.fontFamily };
  return (
    <svg width={width} height={height} data-timeline>
      {shown.map(({ name, bands }, index) => (
        <g key={name} transform={`translate(0 ${index * step})`}>
          <text {...small} x={left - 8} y={step / 2 + 4} textAnchor="end" data-name>
            {cut(name, left - 8)}
          </text>
          {bands.map(({ from, to, text, color }) => (
            <g key={from}>
              <rect
                x={place(from)}
                width={Math.max(1, place(to) - place(from))}
                y={step * 0.075}
                height={step * (options.rowHeight ?? 0.9)}
                fill={color}
                fillOpacity={(fieldConfig.defaults.custom?.fillOpacity ?? 70) / 100}
              />
              {place(to) - place(from) > text.length * 7 + 8 && step > 11 && (
                <text {...small} x={place(from) + 4} y={step / 2 + 4} fill={theme.colors.text.maxContrast}>
                  {text}
                </text>
              )}
            </g>
          ))}
        </g>
      ))}
      {ticks.map((at) => (
        <text {...small} key={at} x={place(at)} y={step * shown.length + 18}>
          {dateTimeFormat(at, { format: 'MM/DD HH:mm', timeZone: 'utc' })}
        </text>
      ))}
      {pages > 1 && (
        <text {...small} x={width / 2} y={height - 6} textAnchor="middle">
          {`‹ 1 of ${pages} ›`}
        </text>
      )}
    </svg>
  );
}
