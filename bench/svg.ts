/** Charts as SVG text: bars with their spread, and curves over percentiles. Readable on a light and on a dark page. */

export interface Bar {
  label: string;
  value: number;
  min: number;
  max: number;
  /** Drawn in the strong colour. */
  own?: boolean;
}

export interface Curve {
  label: string;
  points: [percentile: number, value: number][];
  own?: boolean;
}

const WIDTH = 760,
  LABEL = 216,
  ROW = 24,
  TOP = 44,
  RIGHT = 110;
const FONT = 'font-family="system-ui, sans-serif" font-size="13"';
const COLORS = [
  "#0072b2",
  "#e69f00",
  "#009e73",
  "#cc79a7",
  "#56b4e9",
  "#d55e00",
  "#f0e442",
  "#999999",
  "#8c6bb1",
  "#66a61e",
  "#a6761d",
  "#1f78b4",
  "#e7298a",
];

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function frame(height: number, title: string, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeXml(title)}">
<rect width="100%" height="100%" fill="#ffffff"/>
<g ${FONT} fill="#222222">
<text x="12" y="24" font-size="15" font-weight="600">${escapeXml(title)}</text>
${body}
</g>
</svg>
`;
}

/** Horizontal bars from zero: the median, with a line from the lowest to the highest round. */
export function barChart(title: string, bars: readonly Bar[], text: (value: number) => string): string {
  const most = Math.max(...bars.map(({ max }) => max), Number.MIN_VALUE);
  const x = (value: number): number => LABEL + (value / most) * (WIDTH - LABEL - RIGHT);
  const rows = bars.map(({ label, value, min, max, own }, i) => {
    const y = TOP + i * ROW;
    const middle = y + 9;
    return `<text x="${LABEL - 8}" y="${y + 14}" text-anchor="end"${own ? ' font-weight="600"' : ""}>${escapeXml(label)}</text>
<rect x="${LABEL}" y="${y}" width="${(x(value) - LABEL).toFixed(1)}" height="18" fill="${own ? "#0072b2" : "#a9b7c4"}"/>
<path d="M${x(min).toFixed(1)} ${middle}H${x(max).toFixed(1)}M${x(min).toFixed(1)} ${middle - 4}v8M${x(max).toFixed(1)} ${middle - 4}v8" stroke="#222222" fill="none"/>
<text x="${(x(max) + 6).toFixed(1)}" y="${y + 14}">${escapeXml(text(value))}</text>`;
  });
  return frame(TOP + bars.length * ROW + 12, title, rows.join("\n"));
}

/** Percentiles to the right, by nines (50, 90, 99, 99.9 …); values upwards, logarithmic. */
export function percentileChart(title: string, unit: string, curves: readonly Curve[]): string {
  const height = 420,
    bottom = height - 46,
    left = 64,
    right = WIDTH - 220;
  const values = curves.flatMap(({ points }) => points.map(([, value]) => value)).filter((value) => value > 0);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const nines = (percentile: number): number => -Math.log10(1 - percentile / 100);
  const ticks = [50, 90, 99, 99.9, 99.99];
  const last = nines(99.99);
  const x = (percentile: number): number => left + (Math.min(nines(percentile), last) / last) * (right - left);
  const y = (value: number): number => bottom - (Math.log(value / low) / Math.log(high / low || 2)) * (bottom - TOP - 6);
  const grid = ticks.map(
    (p) =>
      `<path d="M${x(p).toFixed(1)} ${TOP}V${bottom}" stroke="#dddddd"/><text x="${x(p).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">p${p}</text>`,
  );
  for (let decade = 10 ** Math.floor(Math.log10(low)); decade <= high; decade *= 10) {
    for (const step of [1, 2, 5].filter((s) => decade * s >= low && decade * s <= high)) {
      const at = y(decade * step).toFixed(1);
      grid.push(
        `<path d="M${left} ${at}H${right}" stroke="#eeeeee"/><text x="${left - 6}" y="${Number(at) + 4}" text-anchor="end">${decade * step}</text>`,
      );
    }
  }
  const lines = curves.map(({ label, points, own }, i) => {
    const color = COLORS[i % COLORS.length]!;
    const path = points
      .filter(([p]) => p <= 99.99)
      .map(([p, value], k) => `${k === 0 ? "M" : "L"}${x(p).toFixed(1)} ${y(value).toFixed(1)}`);
    const legend = TOP + 8 + i * 20;
    return `<path d="${path.join("")}" stroke="${color}" stroke-width="${own ? 3 : 1.5}" fill="none"/>
<path d="M${right + 14} ${legend}h22" stroke="${color}" stroke-width="${own ? 3 : 1.5}"/><text x="${right + 42}" y="${legend + 4}">${escapeXml(label)}</text>`;
  });
  return frame(height, `${title}, ${unit}`, [...grid, ...lines].join("\n"));
}
