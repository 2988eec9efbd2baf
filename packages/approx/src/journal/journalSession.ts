/**
 * One piece of work and its journal: what is written when, and what may be believed of what is read.
 *
 * Parts of the work are put into the session as they are done and written together once the journal's interval has gone by, so that
 * a kill costs about that much time, and short work costs no writing at all. What is put under a name replaces what waits there.
 *
 * | what is read                                | what happens                                            |
 * |---------------------------------------------|---------------------------------------------------------|
 * | nothing, a torn entry, or another part's    | the part is done again                                  |
 * | an entry of work done with something else   | DomainError that names what differs: nothing is guessed |
 */

import { DomainError } from '@rankwise/tensor';
import { decodeEntry, encodeEntry } from './entry.ts';
import type { Fingerprint } from './entry.ts';
import type { Journal } from './journal.ts';

/** Writing some ten megabytes takes about a hundredth of that time. */
const defaultInterval = 10_000;

export interface JournalSession {
  /** What the entry under the name keeps, if it is whole, ours and about that part. */
  read(name: string, about: string): Promise<unknown>;
  /** Something done, to be written when it is time; `data` is called then. */
  put(name: string, about: string, data: () => unknown): void;
  /** Takes back what was put under names that begin so and is not written yet. */
  drop(beginning: string): void;
  /** Writes what was put if it is time, or, at the end, if the work has taken that long altogether. True when it did. */
  checkpoint(end?: 'end'): Promise<boolean>;
}

/**
 * A session on a journal; without one, a session that forgets everything.
 * @param caller - for messages
 * @param fingerprint - worked out when there is a journal
 */
export async function openSession(
  caller: string,
  journal: Journal | undefined,
  fingerprint: () => Promise<Fingerprint>,
): Promise<JournalSession> {
  if (journal === undefined) return forgetful;
  const ours = await fingerprint();
  const { interval = defaultInterval } = journal;
  const waiting = new Map<string, { readonly about: string; readonly data: () => unknown }>();
  const started = performance.now();
  let last = started;
  return {
    read: async (name, about) => {
      const bytes = await journal.read(name);
      const entry = bytes === undefined ? undefined : decodeEntry(bytes);
      if (entry === undefined) return undefined;
      checkFingerprint(caller, name, ours, entry.fingerprint);
      return entry.about === about ? entry.data : undefined;
    },
    put: (name, about, data) => void waiting.set(name, { about, data }),
    drop: (beginning) => {
      for (const name of waiting.keys()) if (name.startsWith(beginning)) waiting.delete(name);
    },
    checkpoint: async (end) => {
      const now = performance.now();
      if (waiting.size === 0 || now - (end === undefined ? last : started) < interval) return false;
      for (const [name, { about, data }] of waiting) {
        await journal.write(name, encodeEntry({ fingerprint: ours, about, data: data() }));
        waiting.delete(name);
      }
      last = performance.now();
      return true;
    },
  };
}

const forgetful: JournalSession = {
  read: async () => undefined,
  put: () => {},
  drop: () => {},
  checkpoint: async () => false,
};

/**
 * Runs work and writes at its end what is not written yet, also when it fails or is aborted. A journal that cannot take it then does
 * not hide why the work ended.
 */
export async function journalled<T>(session: JournalSession, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await session.checkpoint('end').catch(() => {});
    throw error;
  }
  await session.checkpoint('end');
  return result;
}

function checkFingerprint(caller: string, name: string, ours: Fingerprint, theirs: Fingerprint): void {
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
  const differing = names.filter((key) => ours[key] !== theirs[key]);
  const [first] = differing;
  if (first === undefined) return;
  const expected = `${first} ${ours[first] ?? 'none'}`;
  const others = differing.length > 1 ? `, and other ${differing.slice(1).join(', ')}` : '';
  throw new DomainError(
    `${caller}: journal: expected ${expected}, got ${theirs[first] ?? 'none'} in its entry ${name}${others}: it belongs to other work`,
  );
}
