/** What the tests of the command share: a terminal of their own, a folder of their own, small models and files. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { main } from '@rankwise/cli';
import type { Terminal } from '@rankwise/cli';
import { saveModel, sequential } from '@rankwise/nn';
import type { Model, Preprocessing } from '@rankwise/nn';

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly isTerminal?: boolean;
  /** Is given what Ctrl-C would do. */
  readonly interrupt?: (press: () => void) => void;
}

/** Runs the program in this process. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  let [stdout, stderr] = ['', ''];
  const isTerminal = options.isTerminal ?? false;
  const terminal: Terminal = {
    stdout: { write: (text) => void (stdout += text), isTerminal: false, columns: 80 },
    stderr: { write: (text) => void (stderr += text), isTerminal, columns: 80 },
    environment: options.environment ?? {},
    now: () => performance.now(),
    onInterrupt: (listener) => {
      options.interrupt?.(listener);
      return () => {};
    },
  };
  const code = await main(args, terminal);
  return { code, stdout, stderr };
}

/** A folder that is there for the tests of one file. */
export function temporaryFolder(): { readonly path: string; file(name: string, content: Uint8Array | string): string } {
  const path = mkdtempSync(join(tmpdir(), 'rankwise-cli-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    file: (name, content) => {
      writeFileSync(join(path, name), content);
      return join(path, name);
    },
  };
}

const grey: Preprocessing = { scale: 1 / 255, mean: [0.5], std: [0.5], channelOrder: 'grey' };
const colour: Preprocessing = { scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], channelOrder: 'RGB' };

/** conv1 → relu → conv2 → relu → features → 10 classes, with random weights, for h × w images. */
export function smallModel(channels: 1 | 3, height: number, width: number): Model {
  return sequential('small', [channels, height, width], { seed: 1 })
    .conv('conv1', { filters: 6, kernel: 3, padding: 1 })
    .relu('relu1')
    .conv('conv2', { filters: 12, kernel: 3, padding: 1 })
    .relu('relu2')
    .globalAveragePool('pool')
    .flatten('features')
    .linear('fc', { outputs: 10 })
    .build({ preprocessing: channels === 1 ? grey : colour });
}

export function smallModelFile(channels: 1 | 3, height: number, width: number): Uint8Array {
  return saveModel(smallModel(channels, height, width));
}

/** An IDX file of unsigned bytes. */
export function idxFile(shape: readonly number[], data: ArrayLike<number>): Uint8Array {
  const header = [0, 0, 8, shape.length, ...shape.flatMap((extent) => bigEndian(extent))];
  const bytes = new Uint8Array(header.length + data.length);
  bytes.set(header);
  bytes.set(data, header.length);
  return bytes;
}

/** The bytes 0, 1, 2, … mixed so that neighbours and images differ. */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 37 + (i >> 5) * 11 + (i >> 8) * 5) & 255);
}

/** CIFAR-10 records with the given labels. */
export function cifar10File(labels: readonly number[]): Uint8Array {
  const bytes = pattern(labels.length * 3073);
  for (const [image, label] of labels.entries()) bytes[image * 3073] = label;
  return bytes;
}

export function bigEndian(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
}
