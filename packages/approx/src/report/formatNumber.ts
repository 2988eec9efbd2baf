/**
 * Numbers as the report prints them: the same in every locale, and a sign of its own for what has no value.
 *
 * An absent or undefined number is an en dash, an infinite one ∞. Minus is U+2212, as wide as the digits.
 */

export const absent = '–';

const prefixes: readonly [factor: number, letter: string][] = [
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** Rounded to `digits` significant digits, trailing zeros kept; scientific outside 1e−4…1e6. */
export function significant(value: number | null | undefined, digits = 3): string {
  return special(value) ?? signed(value ?? 0, (size) => significantSize(size, digits));
}

/** At most three significant digits, without trailing zeros: a parameter as one would write it. */
export function brief(value: number | null | undefined): string {
  return special(value) ?? signed(value ?? 0, (size) => significantSize(size, 3, true).replace(/\.?0+e/, 'e'));
}

/** A fixed number of decimals, at most 20; scientific from 1e9 on. */
export function fixed(value: number | null | undefined, decimals: number): string {
  return (
    special(value) ??
    signed(value ?? 0, (size) => (size < 1e9 ? size.toFixed(Math.min(decimals, 20)) : significantSize(size, 3)))
  );
}

/** A fraction in percent. */
export function percent(value: number | null | undefined, decimals = 1): string {
  const scaled = value === null || value === undefined ? value : value * 100;
  const text = fixed(scaled, decimals);
  return text === absent ? text : `${text} %`;
}

/** An integer, with a thin space between thousands. */
export function integer(value: number | null | undefined): string {
  const groups = /\B(?=(?:\d{3})+$)/g;
  return (
    special(value) ??
    signed(Math.round(value ?? 0), (size) =>
      size < 1e15 ? String(size).replace(groups, '\u202f') : significantSize(size, 3),
    )
  );
}

/** A count with a decimal prefix: 1.63 G. */
export function withPrefix(value: number | null | undefined, digits = 3): string {
  const found = special(value);
  if (found !== null) return found;
  return signed(value ?? 0, (size) => {
    // The largest doubles round up beyond the last of them.
    const rounded = Math.min(Number.MAX_VALUE, Number(size.toPrecision(digits)));
    const [factor, letter] = prefixes.find(([one]) => rounded >= one) ?? [1, ''];
    if (factor === 1)
      return significantSize(Number.isInteger(size) ? size : rounded, Number.isInteger(size) ? 4 : digits, true);
    return `${significantSize(rounded / factor, digits)} ${letter}`;
  });
}

/** A speed-up: 3.95×. */
export function times(value: number | null | undefined, digits = 3): string {
  const text = significant(value, digits);
  return text === absent ? text : `${text}×`;
}

/** A duration in seconds, in the unit that suits it. */
export function duration(seconds: number | null | undefined): string {
  const found = special(seconds);
  if (found !== null) return found;
  const value = seconds ?? 0;
  if (Math.abs(value) < 1) return `${significant(value * 1000)} ms`;
  if (Math.abs(value) < 120) return `${significant(value)} s`;
  if (Math.abs(value) < 7200) return `${significant(value / 60)} min`;
  return `${significant(value / 3600)} h`;
}

function special(value: number | null | undefined): string | null {
  if (value === null || value === undefined || Number.isNaN(value)) return absent;
  return Number.isFinite(value) ? null : value > 0 ? '∞' : '−∞';
}

function signed(value: number, format: (size: number) => string): string {
  const text = format(Math.abs(value));
  // What rounds to zero has no sign.
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

function significantSize(size: number, digits: number, trim = false): string {
  if (size === 0) return '0';
  const [mantissa = '0', exponentText = '0'] = size.toExponential(digits - 1).split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 6) return `${mantissa}e${exponent < 0 ? '−' : ''}${Math.abs(exponent)}`;
  const text = Number(`${mantissa}e${exponent}`).toFixed(Math.max(0, digits - 1 - exponent));
  return trim && text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
