/**
 * Command lines: what a command takes is a table, from which both the parser and the help are made.
 *
 * Parsing is strict (node:util parseArgs): unknown and repeated options, missing and superfluous arguments are refused, and
 * numbers are checked for form and range here, before any file is opened.
 */

import { parseArgs } from 'node:util';

import { UsageError, codeOf } from './failures.ts';
import type { Terminal } from './terminal.ts';

export interface OptionSpec {
  /** What its argument is called in the help; without one the option is a flag. */
  readonly argument?: string;
  readonly short?: string;
  /** One or more sentences without the default. */
  readonly text: string;
  /** As it would be written on the command line. */
  readonly fallback?: string;
  /** What happens when it is left out and there is no fallback, for the help. */
  readonly otherwise?: string;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Ways to call it, without `rankwise`. */
  readonly usage: readonly string[];
  /** Names of the positional arguments, all required. */
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** A comment and a command line each. */
  readonly examples: readonly (readonly [string, string])[];
  readonly run: (call: Call) => Promise<void>;
}

/** One call of a command, its command line parsed. */
export interface Call {
  readonly operands: readonly string[];
  readonly options: OptionValues;
  readonly terminal: Terminal;
}

export interface NumberRange {
  readonly least: number;
  readonly most?: number;
}

/** The options of one call; every method throws UsageError when the value is not what it asks for. */
export interface OptionValues {
  given(name: string): boolean;
  flag(name: string): boolean;
  /** The text given, or the fallback. */
  text(name: string): string | undefined;
  /** As text, which must be there. */
  required(name: string): string;
  /** One of some words; undefined when left out without a fallback. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined;
  /** A decimal integer; undefined when left out without a fallback. */
  integer(name: string, range: NumberRange): number | undefined;
  /** A decimal number; undefined when left out without a fallback. */
  number(name: string, range: NumberRange): number | undefined;
  /** Decimal numbers separated by commas; none when left out. */
  numbers(name: string, range: NumberRange): number[];
  /** Words separated by commas; none when left out. */
  words(name: string): string[];
}

type NumberKind = 'integer' | 'number';

const numberKinds: Readonly<Record<NumberKind, { readonly form: RegExp; readonly words: string }>> = {
  integer: { form: /^[+-]?\d+$/, words: 'an integer' },
  number: { form: /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/, words: 'a number' },
};

/** Options that every command has. */
export const commonOptions: Readonly<Record<string, OptionSpec>> = {
  json: { text: 'Print the result as JSON, and nothing else, on stdout.' },
  help: { short: 'h', text: 'Print this help.' },
};

/**
 * Parses what follows the command's name.
 * @throws UsageError when the command does not take it.
 */
export function parseCall(command: Command, args: readonly string[]): Omit<Call, 'terminal'> {
  const specs = { ...command.options, ...commonOptions };
  const config = Object.fromEntries(
    Object.entries(specs).map(([name, { argument, short }]) => [
      name,
      {
        type: argument === undefined ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  const { values, positionals, tokens } = strictly(() =>
    parseArgs({ args: [...args], options: config, allowPositionals: true, strict: true, tokens: true }),
  );
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    if (seen.has(token.name)) throw new UsageError(`--${token.name}: expected it once, got it twice`);
    seen.add(token.name);
  }
  const { operands } = command;
  if (positionals.length < operands.length) {
    throw new UsageError(`expected ${operands.slice(positionals.length).join(' and ')}, got nothing`);
  }
  const extra = positionals[operands.length];
  if (extra !== undefined) throw new UsageError(`expected ${operands.join(' ')} and options only, got '${extra}' too`);
  return { operands: positionals, options: optionValues(specs, values) };
}

function strictly<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Error) || codeOf(error)?.startsWith('ERR_PARSE_ARGS') !== true) throw error;
    const ambiguous = /^Option '(?:-\w, )?(--[\w-]+)(?: <value>)?' argument is ambiguous/.exec(error.message)?.[1];
    if (ambiguous !== undefined) {
      throw new UsageError(
        `${ambiguous}: expected an argument, got another option; one that begins with a dash is written ${ambiguous}=-…`,
      );
    }
    // The first sentence says what is wrong; the rest of Node's message is advice on quoting.
    throw new UsageError((error.message.split(/\. |\n/)[0] ?? '').replace(/\.$/, ''));
  }
}

function optionValues(
  specs: Readonly<Record<string, OptionSpec>>,
  values: Readonly<Record<string, boolean | string | undefined>>,
): OptionValues {
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : specs[name]?.fallback;
  };
  const oneNumber = (name: string, range: NumberRange, kind: NumberKind): number | undefined => {
    const written = text(name);
    return written === undefined ? undefined : numberOf(name, written, range, kind);
  };
  return {
    given: (name) => values[name] !== undefined,
    flag: (name) => values[name] === true,
    text,
    required: (name) => {
      const value = text(name);
      if (value === undefined) throw new UsageError(`expected --${name} ${specs[name]?.argument ?? ''}, got nothing`);
      return value;
    },
    choice: (name, choices) => {
      const value = text(name);
      if (value === undefined) return undefined;
      const found = choices.find((choice) => choice === value);
      if (found === undefined) throw new UsageError(`--${name}: expected ${choices.join(' or ')}, got '${value}'`);
      return found;
    },
    integer: (name, { least, most = Number.MAX_SAFE_INTEGER }) => oneNumber(name, { least, most }, 'integer'),
    number: (name, range) => oneNumber(name, range, 'number'),
    numbers: (name, range) =>
      text(name)
        ?.split(',')
        .map((written) => numberOf(name, written, range, 'number')) ?? [],
    words: (name) => {
      const written = text(name);
      if (written === undefined) return [];
      const words = written.split(',').map((word) => word.trim());
      if (words.includes('')) throw new UsageError(`--${name}: expected names separated by commas, got '${written}'`);
      return words;
    },
  };
}

/** @throws UsageError when the text is no number of that kind, or out of range. */
function numberOf(name: string, written: string, { least, most = Infinity }: NumberRange, kind: NumberKind): number {
  const { form, words } = numberKinds[kind];
  const value = form.test(written) ? Number(written) : NaN;
  if (value >= least && value <= most && Number.isFinite(value)) return value;
  const range = most >= Number.MAX_SAFE_INTEGER ? `≥ ${least}` : `from ${least} to ${most}`;
  throw new UsageError(`--${name}: expected ${words} ${range}, got '${written}'`);
}
