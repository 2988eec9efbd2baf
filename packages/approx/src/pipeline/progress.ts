/** Progress events, and sharing the thread during long work. */

export type Phase = 'calibrate' | 'sensitivity' | 'search' | 'solve' | 'descend' | 'advance' | 'measure';

export interface ProgressEvent {
  readonly phase: Phase;
  /** The layer at work, where there is one. */
  readonly layer?: string;
  /** Steps done and steps in all, of this phase (and layer). */
  readonly done: number;
  readonly total: number;
  /** Share of the whole work that is done, 0…1, by an estimate of its cost that never falls. */
  readonly fraction: number;
  /** True when this much was read from the journal: it took no time in this run. */
  readonly resumed?: boolean;
  /** Seconds left, at the pace of this run so far; absent until there is enough of it to tell. */
  readonly secondsLeft?: number;
}

/** Before this share of the work and this many milliseconds, the pace says nothing. */
const leastShare = 0.01;
const leastMilliseconds = 1000;

/** Passes events on with the time left, reckoned from what this run did itself. */
export function forecasting(
  onProgress: (event: ProgressEvent) => void,
  now: () => number = () => performance.now(),
): (event: ProgressEvent) => void {
  let from = { time: now(), fraction: 0 };
  return (event) => {
    const time = now();
    // What the journal gave is done, but says nothing about the pace.
    if (event.resumed === true) from = { time, fraction: event.fraction };
    const share = event.fraction - from.fraction;
    const isTold = share >= leastShare && time - from.time >= leastMilliseconds;
    const pace = { secondsLeft: ((time - from.time) / share) * ((1 - event.fraction) / 1000) };
    onProgress({ ...event, ...(isTold ? pace : {}) });
  };
}

/** How long the thread is kept before others get a turn; short enough for a page to stay responsive. */
const turnMilliseconds = 40;

/** Lets timers, input and aborts through when the last turn is long ago; throws the signal's reason once it is aborted. */
export function createTurnTaker(signal: AbortSignal | undefined): () => Promise<void> {
  let last = Date.now();
  return async () => {
    signal?.throwIfAborted();
    if (Date.now() - last < turnMilliseconds) return;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 0);
    });
    last = Date.now();
    signal?.throwIfAborted();
  };
}
