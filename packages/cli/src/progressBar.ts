/**
 * Progress of long work on one line of a terminal: a bar, the percentage, time gone and time left, and what is being done.
 *
 * Drawn only where a person looks (not into a file or a pipe), at most ten times a second, on the line it was drawn on before.
 */

import type { Output } from './terminal.ts';

const redrawMilliseconds = 100;
const barWidth = 24;
/** Before this much is known to be done, a guess of the time left is worth nothing. */
const leastForecast = 0.01;
/** To the start of the line, then everything to its end erased (ECMA-48: CSI K). */
const startOfLine = '\r\u001b[K';

export interface ProgressBar {
  /**
   * @param fraction - of the whole work, 0…1
   * @param doing - the phase and the layer
   * @param left - seconds left, where the work has a forecast of its own; otherwise taken from the share done
   */
  update(fraction: number, doing: string, left?: number): void;
  /** Takes the line away. */
  clear(): void;
}

/**
 * A bar on the given output; on one that is no terminal it never writes.
 * @param now - milliseconds from any fixed moment
 */
export function createProgressBar(output: Output, now: () => number): ProgressBar {
  const started = now();
  let drawn = -Infinity;
  return {
    update: (fraction, doing, left) => {
      const time = now();
      if (!output.isTerminal || time - drawn < redrawMilliseconds) return;
      drawn = time;
      const line = progressLine(fraction, (time - started) / 1000, doing, left);
      // One column less than there are: a full line would wrap on some terminals.
      output.write(startOfLine + line.slice(0, Math.max(0, output.columns - 1)));
    },
    clear: () => {
      if (drawn === -Infinity) return;
      output.write(startOfLine);
      drawn = -Infinity;
    },
  };
}

/**
 * The line a progress bar shows.
 * @param seconds - since the start
 * @param forecast - seconds left, if the work knows
 */
export function progressLine(fraction: number, seconds: number, doing: string, forecast?: number): string {
  const share = Math.min(1, Math.max(0, fraction));
  const filled = Math.round(share * barWidth);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`;
  const secondsLeft = forecast ?? (share >= leastForecast ? (seconds * (1 - share)) / share : undefined);
  const left = secondsLeft === undefined ? '' : `, ${formatDuration(secondsLeft)} left`;
  return `${bar} ${Math.floor(100 * share)}% ${formatDuration(seconds)}${left}  ${doing}`;
}

/** `8 s`, `4 min 05 s`, `1 h 04 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

function two(value: number): string {
  return `${value}`.padStart(2, '0');
}
