/**
 * Where long work keeps what it has done, so that it can go on after a kill.
 *
 * An entry is some bytes under a name of lower-case letters, digits and hyphens. Entries carry their own proof of being whole and
 * of belonging to the work at hand (entry.ts, journalSession.ts), so a store need not: it may lose an entry, keep an old one, or hand
 * back one that was only half written. It should only not mix up names. A folder of files, a data base of a browser, or a Map will do.
 *
 * Work that is resumed gives the same network, to the last bit, as if it had never been interrupted.
 */

/** A store of named bytes. */
export interface Journal {
  /** The bytes that were last written under the name, or undefined. What it throws ends the work. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Keeps bytes under the name, in place of any there were. What it throws ends the work; entries of before should be left. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /**
   * Entries are written when this many milliseconds of work would be lost without; default 10,000. Work that takes less altogether
   * writes nothing.
   */
  readonly interval?: number;
}
