/** Killed and started again: the files are those of a run that nobody disturbed. */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { saveModel, sequential } from '@rankwise/nn';
import { createRandom, tensorOf, writeNpy } from '@rankwise/tensor';
import { repositoryRoot } from '../kit/repository.ts';
import { pattern, run, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const model = sequential('chain', [3, 16, 16], { seed: 1 })
  .conv('conv1', { filters: 12, kernel: 3, padding: 1 })
  .relu('relu1')
  .conv('conv2', { filters: 24, kernel: 3, padding: 1 })
  .relu('relu2')
  .conv('conv3', { filters: 24, kernel: 3, padding: 1 })
  .relu('relu3')
  .globalAveragePool('pool')
  .flatten('features')
  .linear('fc', { outputs: 10 })
  .build({ preprocessing: { scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], channelOrder: 'RGB' } });
const modelFile = folder.file('model.safetensors', saveModel(model));
const dataFile = folder.file('data.npy', writeNpy(tensorOf(pattern(160 * 768), [160, 16, 16, 3])));

function argumentsFor(output: string, ...more: string[]): string[] {
  const settings = ['--speedup', '2', '--ranks', 'uniform', '--kernels', 'reference', '--journal-every', '0'];
  return ['approximate', modelFile, '--data', dataFile, '-o', output, ...settings, ...more];
}

const reference = join(folder.path, 'reference.safetensors');
const journalOf = (output: string): string => `${output}.journal`;

/**
 * Starts the command as a process and kills it, without a chance to tidy up, some milliseconds after the journal has got one of its
 * entries.
 */
function killedAt(entry: RegExp, milliseconds: number, output: string): Promise<string | null> {
  const program = join(repositoryRoot, 'test/cli/program.ts');
  const child = spawn(
    process.execPath,
    ['--conditions=rankwise-source', '--import', 'tsx', program, ...argumentsFor(output)],
    { cwd: repositoryRoot, stdio: 'ignore' },
  );
  const watch = setInterval(() => {
    if (!entriesOf(output).some((name) => entry.test(name))) return;
    clearInterval(watch);
    setTimeout(() => child.kill('SIGKILL'), milliseconds);
  }, 1);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_, signal) => {
      clearInterval(watch);
      resolve(signal);
    });
  });
}

function entriesOf(output: string): string[] {
  return existsSync(journalOf(output)) ? readdirSync(journalOf(output)) : [];
}

async function undisturbed(): Promise<Uint8Array> {
  if (!existsSync(reference)) {
    const { code, stderr } = await run(argumentsFor(reference));
    expect([code, stderr]).toEqual([0, '']);
  }
  return readFileSync(reference);
}

describe('journal of approximate', () => {
  it('killed at any moment, again and again, and the same file in the end', async () => {
    const expected = await undisturbed();
    const output = join(folder.path, 'killed.safetensors');
    const random = createRandom(4);
    // Within calibration, within the first solve, at its end, within the second stream and the second solve.
    const moments = [/^samples-0/, /^samples-[12]/, /-state/, /-solved-/, /-rows-/, /-state/];
    let kills = 0;
    for (const [round, entry] of [...moments, ...moments.slice(2, 5)].entries()) {
      if ((await killedAt(entry, random.integer(60), output)) === 'SIGKILL') kills++;
      const isWhole = existsSync(output);
      // After the chain each kill is of a run that starts from nothing.
      if (round < moments.length - 1 && !isWhole) continue;
      const { code, stderr } = await run(argumentsFor(output));
      expect([code, stderr]).toEqual([0, isWhole ? '' : `note: going on with what ${journalOf(output)} holds\n`]);
      expect(readFileSync(output).equals(expected)).toBe(true);
      expect(existsSync(journalOf(output))).toBe(false);
      rmSync(output);
    }
    expect(kills).toBeGreaterThan(moments.length);
  });

  it('entries cut short or changed on the disk are done again', async () => {
    const expected = await undisturbed();
    const output = join(folder.path, 'damaged.safetensors');
    const journal = join(folder.path, 'damaged-journal');
    expect((await run(argumentsFor(output, '--journal', journal))).code).toBe(0);
    const entries = readdirSync(journal);
    expect(entries.length).toBeGreaterThan(5);
    const random = createRandom(8);
    for (const entry of entries) {
      const path = join(journal, entry);
      const bytes = readFileSync(path);
      const at = random.integer(bytes.length);
      if (random.integer(2) === 0) truncateSync(path, at);
      else writeFileSync(path, bytes.with(at, bytes[at]! ^ 16));
    }
    expect((await run(argumentsFor(output, '--journal', journal))).code).toBe(0);
    expect(readFileSync(output).equals(expected)).toBe(true);
  });

  it('a folder that was named is kept, and serves other speed-ups', async () => {
    const journal = join(folder.path, 'kept');
    const output = join(folder.path, 'kept.safetensors');
    await run(argumentsFor(output, '--journal', journal));
    const [before, written] = [readdirSync(journal), readFileSync(join(journal, 'samples-0.rankwise-entry'))];
    const args = argumentsFor(output, '--journal', journal).map((word) => (word === '2' ? '3' : word));
    expect((await run(args)).code).toBe(0);
    expect(readdirSync(journal)).toEqual(expect.arrayContaining(before));
    expect(readFileSync(join(journal, 'samples-0.rankwise-entry')).equals(written)).toBe(true);
  });

  it('an interrupt says how to go on', async () => {
    const expected = await undisturbed();
    const output = join(folder.path, 'interrupted.safetensors');
    // As soon as something is kept.
    const interrupt = (press: () => void): void => {
      const isKept = (): boolean => existsSync(journalOf(output)) && readdirSync(journalOf(output)).length > 0;
      const timer = setInterval(() => {
        if (!isKept()) return;
        clearInterval(timer);
        press();
      }, 1);
    };
    const { code, stderr } = await run(argumentsFor(output), { interrupt });
    expect(code).toBe(1);
    expect(stderr).toBe(`rankwise: interrupted; the same command goes on from here, with ${journalOf(output)}\n`);
    expect((await run(argumentsFor(output))).code).toBe(0);
    expect(readFileSync(output).equals(expected)).toBe(true);
  });

  it('a journal of other work is refused with what differs, and left', async () => {
    const output = join(folder.path, 'other.safetensors');
    const journal = join(folder.path, 'others');
    await run(argumentsFor(output, '--journal', journal));
    const entries = readdirSync(journal);
    const { code, stderr } = await run(argumentsFor(output, '--journal', journal, '--positions', '9'));
    expect(code).toBe(1);
    expect(stderr).toContain(`${journal}: calibrate: journal: expected positions 9, got 10 `);
    expect(stderr).toContain('; remove it, or name another with --journal\n');
    expect(readdirSync(journal)).toEqual(entries);
  });

  it('none, and short work, leave no folder; other files in it are left', async () => {
    const output = join(folder.path, 'none.safetensors');
    expect((await run(argumentsFor(output, '--journal', 'none'))).code).toBe(0);
    const short = argumentsFor(output).map((word, i, all) => (all[i - 1] === '--journal-every' ? '3600' : word));
    expect((await run(short)).code).toBe(0);
    expect(existsSync(journalOf(output))).toBe(false);
    mkdirSync(journalOf(output));
    writeFileSync(join(journalOf(output), 'mine.txt'), 'mine');
    writeFileSync(join(journalOf(output), '.samples-0.rankwise-entry.1-1.tmp'), 'left by a kill');
    expect((await run(argumentsFor(output))).code).toBe(0);
    expect(readdirSync(journalOf(output))).toEqual(['mine.txt']);
  });

  it('a folder that cannot be made is a failure before much is done', async () => {
    const output = join(folder.path, 'unmade.safetensors');
    const inTheWay = folder.file('in-the-way', 'a file');
    const { code, stderr } = await run(argumentsFor(output, '--journal', inTheWay));
    expect([code, existsSync(output)]).toEqual([1, false]);
    expect(stderr).toBe(`rankwise: cannot read ${inTheWay}: a part of the path is no folder\n`);
  });
});

const mounted = join(folder.path, 'small-disk');
mkdirSync(mounted);
const canMount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mounted]).status === 0;
afterAll(() => void (canMount && spawnSync('umount', [mounted])));

describe.skipIf(!canMount)('on a disk that fills up', () => {
  it('says which file, leaves whole entries, and goes on when there is room', async () => {
    const expected = await undisturbed();
    const output = join(folder.path, 'full.safetensors');
    const journal = join(mounted, 'journal');
    const { code, stderr } = await run(argumentsFor(output, '--journal', journal));
    expect([code, existsSync(output)]).toEqual([1, false]);
    expect(stderr).toMatch(/^rankwise: cannot write \S*small-disk\/journal\/\S+: no space left on the device\n$/);
    const entries = readdirSync(journal);
    expect(entries.length).toBeGreaterThan(1);
    expect(entries.filter((entry) => !entry.endsWith('.rankwise-entry'))).toEqual([]);
    expect(spawnSync('mount', ['-o', 'remount,size=64m', mounted]).status).toBe(0);
    expect((await run(argumentsFor(output, '--journal', journal))).code).toBe(0);
    expect(readFileSync(output).equals(expected)).toBe(true);
  });
});
