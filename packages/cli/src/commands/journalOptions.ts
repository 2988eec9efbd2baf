/** The options by which a command keeps what it has done, so that it can go on after an interruption. */

import { DomainError } from '@rankwise/tensor';

import { CommandError } from '../failures.ts';
import { folderJournal } from '../folderJournal.ts';
import type { FolderJournal } from '../folderJournal.ts';
import type { OptionSpec, OptionValues } from '../options.ts';
import type { Terminal } from '../terminal.ts';

/** What --journal takes for having none. */
const withoutJournal = 'none';

export const journalOptions: Readonly<Record<string, OptionSpec>> = {
  journal: {
    argument: 'FOLDER',
    text:
      'Keep there what is done, so that the same command goes on where it was interrupted or killed, to the same result to the last ' +
      `bit. A folder named here is kept for other speed-ups from the same samples; '${withoutJournal}' does without.`,
    otherwise: 'OUT.journal, taken away when the work is done',
  },
  'journal-every': {
    argument: 'SECONDS',
    text: 'How much work a kill may cost. What takes less in all is not written down.',
    fallback: '10',
  },
};

export interface CommandJournal {
  readonly journal: FolderJournal;
  /** True for a folder that nobody named. */
  readonly isTemporary: boolean;
}

/**
 * The journal that the options ask for.
 * @throws UsageError when they are malformed.
 */
export function readJournalOptions(options: OptionValues, output: string): CommandJournal | undefined {
  const named = options.text('journal');
  const seconds = options.number('journal-every', { least: 0 }) ?? 0;
  if (named === withoutJournal) return undefined;
  return { journal: folderJournal(named ?? `${output}.journal`, 1000 * seconds), isTemporary: named === undefined };
}

/**
 * Runs work with the journal: says when it goes on with earlier work, and takes the journal away in the end if nobody named it.
 * @throws CommandError when the journal belongs to other work; and what `work` throws.
 */
export async function withJournal<T>(
  command: CommandJournal | undefined,
  { stderr }: Pick<Terminal, 'stderr'>,
  work: () => Promise<T>,
): Promise<T> {
  if (command === undefined) return work();
  const { journal, isTemporary } = command;
  if ((await journal.count()) > 0) stderr.write(`note: going on with what ${journal.path} holds\n`);
  try {
    const result = await work();
    if (isTemporary) await journal.remove();
    return result;
  } catch (error) {
    if (!(error instanceof DomainError) || !error.message.includes(': journal: ')) throw error;
    throw new CommandError(`${journal.path}: ${error.message}; remove it, or name another with --journal`);
  }
}

/** What is said after an interrupt. */
export async function interruptNote(command: CommandJournal | undefined): Promise<string> {
  const kept = command !== undefined && (await command.journal.count()) > 0;
  return kept ? `the same command goes on from here, with ${command.journal.path}` : 'nothing was written';
}
