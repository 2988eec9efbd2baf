/** The rankwise program: finds the command, parses its line, runs it, and turns what it throws into one line and an exit code. */

import { readFile } from 'node:fs/promises';

import { ConvergenceError, DomainError, FormatError, ShapeError } from '@rankwise/tensor';

import { approximateCommand } from './commands/approximate.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { inspectCommand } from './commands/inspect.ts';
import { ranksCommand } from './commands/ranks.ts';
import { verifyCommand } from './commands/verify.ts';
import { CommandError, UsageError, exitCodes, oneLine } from './failures.ts';
import { commandHelp, generalHelp } from './help.ts';
import { parseCall } from './options.ts';
import type { Command } from './options.ts';
import { processTerminal } from './terminal.ts';
import type { Terminal } from './terminal.ts';

const commands: readonly Command[] = [inspectCommand, ranksCommand, approximateCommand, evaluateCommand, verifyCommand];

/** What @rankwise/simd throws when its memory is short; the package may be missing, so its class is not imported. */
const memoryErrorName = 'MemoryError';

/** Errors that explain themselves; anything else is a fault of this program and says so. */
const knownErrors = [CommandError, ConvergenceError, DomainError, FormatError, ShapeError];

/**
 * Runs the program.
 * @param args - the words after the program's name
 * @param terminal - default: that of this process
 * @returns the exit code: 0 done, 1 the work failed, 2 bad usage; never throws.
 */
export async function main(args: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  const [name = '', ...rest] = args;
  const command = commands.find((candidate) => candidate.name === name);
  try {
    if (command === undefined) await runWithoutCommand(args, terminal);
    else if (asksForHelp(rest)) terminal.stdout.write(commandHelp(command));
    else await command.run({ ...parseCall(command, rest), terminal });
    return exitCodes.done;
  } catch (error) {
    const usage = error instanceof UsageError;
    const hint = usage ? ` (see rankwise ${command === undefined ? '' : `${command.name} `}--help)` : '';
    terminal.stderr.write(`rankwise: ${oneLine(describe(error))}${hint}\n`);
    const debug = terminal.environment['RANKWISE_DEBUG'] ?? '';
    if (debug !== '' && error instanceof Error) terminal.stderr.write(`${error.stack ?? ''}\n`);
    return usage ? exitCodes.usage : exitCodes.failed;
  }
}

async function runWithoutCommand([first, ...rest]: readonly string[], { stdout }: Terminal): Promise<void> {
  const known = commands.map(({ name }) => name).join(', ');
  if (first === undefined) throw new UsageError(`expected a command (${known}), got nothing`);
  const isHelp = first === '--help' || first === '-h';
  if (!isHelp && first !== '--version' && first !== '-V') {
    throw new UsageError(`expected a command (${known}), got '${first}'`);
  }
  if (rest[0] !== undefined) throw new UsageError(`expected nothing after ${first}, got '${rest[0]}'`);
  stdout.write(isHelp ? generalHelp(commands) : `${await version()}\n`);
}

/** Help is given however wrong the rest of the line is. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end < 0 ? args.length : end).some((word) => word === '--help' || word === '-h');
}

/** package.json lies one folder above both src and dist. */
async function version(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  throw new CommandError('package.json: expected a version, got none');
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof UsageError || knownErrors.some((known) => error instanceof known)) return error.message;
  if (error.name === memoryErrorName) return `${error.message}; --kernels reference needs no such memory`;
  return `unexpected ${error.name}: ${error.message}`;
}
