/** What the examples need of a command line: numbers that are checked, and failures in one line. */

import { UsageError, kernelChoices } from '@rankwise/cli';
import type { KernelChoice } from '@rankwise/cli';

/**
 * The number an option gives.
 * @param least - the smallest that is taken
 * @throws UsageError when it is no number, or less.
 */
export function numberOption(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < least) {
    throw new UsageError(`--${name}: expected a number from ${least} on, got '${text}'`);
  }
  return value;
}

/** As numberOption, a whole number. */
export function integerOption(name: string, text: string, least: number): number {
  const value = numberOption(name, text, least);
  if (!Number.isSafeInteger(value)) throw new UsageError(`--${name}: expected a whole number, got '${text}'`);
  return value;
}

/** The items of a list with commas. */
export function listOption(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

/** As numberOption, the kind of kernels. */
export function kernelsOption(text: string): KernelChoice {
  const choice = kernelChoices.find((one) => one === text);
  if (choice === undefined) throw new UsageError(`--kernels: expected ${kernelChoices.join(' or ')}, got '${text}'`);
  return choice;
}

/** Runs an example; a failure is one line, with exit code 2 for bad usage and 1 for the rest. */
export async function runExample(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isUsage = error instanceof UsageError || codeOf(error).startsWith('ERR_PARSE_ARGS');
    process.stderr.write(`${message.split('\n', 1)[0]}\n`);
    process.exitCode = isUsage ? 2 : 1;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
