/**
 * Scales: from numbers to positions on an axis, with ticks that people would have chosen.
 *
 * Linear ticks are the multiples of 1, 2 or 5 times a power of ten inside the domain. Each is made by parsing its
 * decimal digits, so it is the double nearest to the number its label says. Logarithmic ticks are powers of ten, with 2
 * and 5 between them on short ranges.
 *
 * Any numbers may come in: a domain that is empty, a single point or not finite is replaced by one of positive width,
 * and positions are always finite and inside the range.
 */

/** Beyond this the width of a domain could overflow. */
const largest = 1e300;

/** Narrower relative domains would put ticks closer than rounding tells apart: 2⁻⁵² with three digits to spare. */
const narrowest = 1e-12;

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export interface Scale {
  readonly domain: readonly [low: number, high: number];
  readonly ticks: readonly Tick[];
  /** Position of a value; values outside the domain, and NaN, land on its nearer (first) end. */
  map(value: number): number;
}

export interface ScaleOptions {
  /** About how many ticks to make; 5 by default. */
  readonly count?: number;
  /** Label of a tick; `decimals` is how many the step has. The number itself by default. */
  readonly format?: (value: number, decimals: number) => string;
}

type Interval = readonly [number, number];

/** Multiples of a nice step inside [low, high], ascending, and the step as mantissa (1, 2 or 5) times 10^exponent. */
export interface NiceTicks {
  readonly values: readonly number[];
  readonly mantissa: 1 | 2 | 5;
  readonly exponent: number;
}

/** The smallest and largest finite values, or [0, 1] when there is none. */
export function extent(values: Iterable<number>): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

/** Ticks of a finite interval of positive width; between half and about two and a half times `count` of them. */
export function niceTicks(low: number, high: number, count = 5): NiceTicks {
  const rough = (high - low) / Math.max(1, count);
  let exponent = Math.floor(Math.log10(rough));
  const lead = rough / 10 ** exponent;
  // Thresholds at the geometric means of neighbouring steps keep the count nearest to the wish.
  let mantissa: 1 | 2 | 5 = lead < Math.SQRT2 ? 1 : lead < Math.sqrt(10) ? 2 : 5;
  if (lead >= Math.sqrt(50)) {
    mantissa = 1;
    exponent++;
  }
  const step = mantissa * 10 ** exponent;
  const values: number[] = [];
  const last = Math.floor(high / step) + 1;
  for (let i = Math.ceil(low / step) - 1; i <= last; i++) {
    const value = Number(`${i * mantissa}e${exponent}`);
    if (value >= low && value <= high) values.push(value === 0 ? 0 : value);
  }
  return { values, mantissa, exponent };
}

/** A linear scale over at least the interval given. */
export function linearScale(domain: Interval, range: Interval, options: ScaleOptions = {}): Scale {
  const [low, high] = usableInterval(domain);
  const { values, exponent } = niceTicks(low, high, options.count);
  const decimals = Math.max(0, -exponent);
  const format = options.format ?? plainNumber;
  const map = interpolate(low, high, range);
  return { domain: [low, high], ticks: values.map((value) => ({ value, label: format(value, decimals) })), map };
}

/** The interval with both ends moved out to the next tick, so that the data end on grid lines. */
export function niceInterval(domain: Interval, count = 5): [number, number] {
  const [low, high] = usableInterval(domain);
  const { mantissa, exponent } = niceTicks(low, high, count);
  const step = mantissa * 10 ** exponent;
  const tick = (k: number): number => Number(`${k * mantissa}e${exponent}`);
  let first = Math.round(low / step);
  let last = Math.round(high / step);
  // The quotients may round across an integer; the ticks themselves decide.
  while (tick(first) > low) first--;
  while (tick(last) < high) last++;
  return [tick(first) + 0, tick(last) + 0];
}

/** A logarithmic scale; a domain that is not positive is cut at twelve decades below its upper end. */
export function logScale(domain: Interval, range: Interval, options: ScaleOptions = {}): Scale {
  const [low, high] = positiveInterval(domain);
  const [from, to] = [Math.log10(low), Math.log10(high)];
  const map = interpolate(from, to, range);
  const format = options.format ?? ((value: number) => powerLabel(value));
  const values = logTicks(low, high, options.count ?? 5);
  return {
    domain: [low, high],
    ticks: values.map((value) => ({ value, label: format(value, Math.max(0, -Math.floor(Math.log10(value)))) })),
    map: (value) => map(value > 0 ? Math.log10(value) : -Infinity),
  };
}

function logTicks(low: number, high: number, count: number): number[] {
  const first = Math.floor(Math.log10(low)) - 1;
  const last = Math.ceil(Math.log10(high));
  const decades = Math.log10(high) - Math.log10(low);
  if (decades < 1) {
    const { values } = niceTicks(low, high, count);
    if (values.length >= 2) return [...values];
  }
  const stride = Math.max(1, Math.ceil(decades / count));
  // Three steps a decade where they are not more than were asked for.
  const steps = 3 * decades <= count + 1 ? [1, 2, 5] : [1];
  const values: number[] = [];
  for (let exponent = first; exponent <= last; exponent++) {
    if (exponent % stride !== 0) continue;
    for (const step of steps) values.push(Number(`${step}e${exponent}`));
  }
  return values.filter((value) => value >= low && value <= high);
}

/** 0.01, 1, 100; beyond, 10⁻⁵. */
function powerLabel(value: number): string {
  const exponent = Math.floor(Math.log10(value) + 1e-9); // the logarithm of a power of ten may round below it
  const lead = Number((value / 10 ** exponent).toPrecision(3));
  if (exponent >= -3 && exponent <= 3)
    return plainNumber(value, Math.max(0, -exponent) + (Number.isInteger(lead) ? 0 : 2));
  const digits = [...String(Math.abs(exponent))].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)] ?? '').join('');
  return `${lead === 1 ? '' : `${lead}·`}10${exponent < 0 ? '⁻' : ''}${digits}`;
}

/** As many digits as tell neighbouring ticks apart. */
function plainNumber(value: number, decimals: number): string {
  const size = Math.abs(value);
  const text = size !== 0 && (size >= 1e6 || size < 1e-4) ? size.toExponential() : size.toFixed(Math.min(decimals, 20));
  return (value < 0 ? '−' : '') + text.replace('e+', 'e').replace('e-', 'e−');
}

function usableInterval([a, b]: Interval): [number, number] {
  let low = bounded(Math.min(a, b));
  let high = bounded(Math.max(a, b));
  if (Number.isNaN(low) || Number.isNaN(high)) [low, high] = [0, 1];
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (size < 1 / largest) return [0, 1];
  if (high - low >= narrowest * size && high - low >= 1 / largest) return [low, high];
  // A single value: give it room on both sides, and keep 0 in view when it is not far.
  return low > 0 ? [low / 2, high * 1.5] : [low * 1.5, high / 2];
}

function positiveInterval([a, b]: Interval): [number, number] {
  const high = bounded(Math.max(a, b));
  if (!(high > 1 / largest)) return [0.1, 1];
  const low = Math.max(bounded(Math.min(a, b)), high * narrowest, 1 / largest);
  return high / low > 1 + narrowest ? [low, high] : [low / 2, high * 2];
}

function bounded(value: number): number {
  return Math.max(-largest, Math.min(largest, value));
}

function interpolate(low: number, high: number, [start, end]: Interval): (value: number) => number {
  return (value) => {
    const clamped = value >= high ? high : value > low ? value : low;
    return start + ((clamped - low) / (high - low)) * (end - start);
  };
}
