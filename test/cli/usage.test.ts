import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRanks } from '@rankwise/cli';
import { runs } from '../kit/runs.ts';
import { readJson } from '../kit/repository.ts';
import { run } from './support.ts';

const commands = ['inspect', 'ranks', 'approximate', 'evaluate', 'verify'];

describe('help and version', () => {
  it('prints the commands', async () => {
    for (const flag of ['--help', '-h']) {
      const { code, stdout, stderr } = await run([flag]);
      expect([code, stderr]).toEqual([0, '']);
      for (const command of commands) expect(stdout).toContain(`  ${command} `);
    }
  });

  it('prints the version of the package', async () => {
    const version = `${String(readJson('packages/cli/package.json')['version'])}\n`;
    for (const flag of ['--version', '-V']) expect(await run([flag])).toEqual({ code: 0, stdout: version, stderr: '' });
  });

  it.each(commands)('%s --help has usage, every option, two examples and the exit codes', async (command) => {
    const { code, stdout, stderr } = await run([command, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^Usage: rankwise ${command} (MODEL|ORIGINAL APPROXIMATED)`));
    expect(stdout.match(/^ {2}# .*\n {2}rankwise /gm)).toHaveLength(2);
    expect(stdout).toContain('Exit codes: 0 done; 1 the work failed');
    expect(stdout).toMatch(/^ {6}--json /m);
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(130);
    // Help is given however wrong the rest of the line is.
    expect((await run([command, '--nonsense', '-h'])).stdout).toBe(stdout);
  });

  it('names the defaults', async () => {
    const { stdout } = await run(['approximate', '--help']);
    const text = stdout.replaceAll(/\s+/g, ' ');
    for (const fallback of ['best', 'nonlinear', 'asymmetric', 'none', '3000', '10', '0']) {
      expect(text).toContain(`Default: ${fallback}.`);
    }
  });
});

describe('bad usage exits 2 with one line', () => {
  const lines: [name: string, line: string, message: string][] = [
    [
      'no command',
      '',
      'expected a command (inspect, ranks, approximate, evaluate, verify), got nothing (see rankwise --help)',
    ],
    ['unknown command', 'compress', "got 'compress'"],
    ['words after --version', '--version now', "expected nothing after --version, got 'now'"],
    ['no model', 'inspect', 'expected MODEL, got nothing (see rankwise inspect --help)'],
    ['two models', 'inspect a b', "got 'b' too"],
    ['unknown option', 'inspect zoo:sppnet7 --jsno', "Unknown option '--jsno' (see"],
    ['unknown short option', 'inspect zoo:sppnet7 -x', "Unknown option '-x'"],
    ['argument to a flag', 'inspect zoo:sppnet7 --json=yes', 'does not take an argument'],
    ['missing argument', 'ranks zoo:sppnet7 --uniform --speedup', 'argument missing'],
    [
      'an argument with a dash',
      'ranks zoo:sppnet7 --uniform --speedup -4',
      '--speedup: expected an argument, got another option; one that begins with a dash is written --speedup=-…',
    ],
    [
      'an option twice',
      'ranks zoo:sppnet7 --uniform --speedup 4 --speedup=5',
      '--speedup: expected it once, got it twice',
    ],
    [
      'unknown network',
      'inspect zoo:resnet',
      "expected a file or one of zoo:sppnet7, zoo:alexnet, zoo:vgg16, got 'zoo:resnet'",
    ],
    [
      'no method',
      'ranks zoo:sppnet7 --speedup 4',
      'expected --uniform (no data), or --data IMAGES to choose ranks on, got neither',
    ],
    [
      'two methods',
      'ranks zoo:sppnet7 --speedup 4 --uniform --energy',
      'expected one method, got both --uniform and --energy',
    ],
    ['energy without data', 'ranks zoo:sppnet7 --speedup 4 --energy', 'expected --data IMAGES'],
    ['the search without data', 'ranks zoo:sppnet7 --speedup 4 --best', '--best: expected --data IMAGES'],
    [
      'effects without data, though spatial',
      'ranks zoo:sppnet7 --speedup 4 --sensitivity --decomposition spatial',
      '--sensitivity: expected --data IMAGES',
    ],
    [
      'automatic caps without data',
      'ranks zoo:sppnet7 --speedup 4 --uniform --caps auto',
      '--caps auto: expected --data',
    ],
    [
      'automatic caps of spatial ranks',
      'approximate m --data a -o b --speedup 4 --caps auto --decomposition spatial',
      '--caps: expected NAME=RANK,… with --decomposition spatial, got auto',
    ],
    [
      'caps both ways',
      'ranks m --data a --speedup 4 --caps auto,conv2=3',
      '--caps: expected auto or NAME=RANK,…, got both',
    ],
    ['caps that are none', 'ranks m --data a --speedup 4 --caps flat', "--caps: expected auto, name=rank, got 'flat'"],
    ['unknown unit', 'ranks m --uniform --speedup 4 --budget joules', 'macs or parameters or milliseconds'],
    ['multiples of 0', 'ranks m --uniform --speedup 4 --multiple-of 0', '--multiple-of: expected an integer ≥ 1'],
    [
      'a unit for ranks by hand',
      'approximate m --data a -o b --ranks c=3 --budget parameters',
      '--budget: expected --speedup R',
    ],
    ['caps for ranks by hand', 'ranks m --fixed c=3 --caps d=4', '--caps: expected --speedup R with it, got none'],
    ['a hole among speed-ups', 'ranks m --uniform --speedup 2,,4', "--speedup: expected a number ≥ 1, got ''"],
    ['one bad speed-up among several', 'ranks m --uniform --speedup 2,0.5', "got '0.5'"],
    ['several speed-ups to approximate for', 'approximate m --data a -o b --speedup 2,4', "got '2,4'"],
    ['no speed-up', 'ranks zoo:sppnet7 --uniform', 'expected --speedup R with --uniform, got none'],
    ['neither speed-up nor ranks', 'ranks zoo:sppnet7', 'expected --speedup R or --fixed NAME=RANK,…, got neither'],
    ['speed-up below 1', 'ranks zoo:sppnet7 --uniform --speedup 0.5', "--speedup: expected a number ≥ 1, got '0.5'"],
    ['speed-up beyond numbers', 'ranks zoo:sppnet7 --uniform --speedup 1e400', "expected a number ≥ 1, got '1e400'"],
    ['speed-up that is no number', 'ranks zoo:sppnet7 --uniform --speedup 4x', "got '4x'"],
    ['hexadecimal speed-up', 'ranks zoo:sppnet7 --uniform --speedup 0x4', "got '0x4'"],
    ['empty speed-up', 'ranks zoo:sppnet7 --uniform --speedup=', "got ''"],
    ['infinite speed-up', 'ranks zoo:sppnet7 --uniform --speedup Infinity', "got 'Infinity'"],
    ['fixed that is no pair', 'ranks zoo:sppnet7 --fixed conv1', "--fixed: expected name=rank, got 'conv1'"],
    ['fixed at rank 0', 'ranks zoo:sppnet7 --fixed conv1=0', "got 'conv1=0'"],
    ['fixed twice', 'ranks zoo:sppnet7 --fixed conv1=3,conv1=4', 'expected each layer once, got conv1 twice'],
    ['empty name to exclude', 'ranks zoo:sppnet7 --uniform --speedup 4 --exclude conv2,', 'separated by commas'],
    ['no data', 'evaluate zoo:sppnet7', 'expected --data IMAGES, got nothing'],
    ['fractional count', 'evaluate zoo:sppnet7 --data a --images 1.5', "--images: expected an integer ≥ 1, got '1.5'"],
    ['count of 0', 'evaluate zoo:sppnet7 --data a --images 0', "got '0'"],
    ['negative seed', 'evaluate zoo:sppnet7 --data a --seed=-1', "--seed: expected an integer ≥ 0, got '-1'"],
    ['no output', 'approximate zoo:sppnet7 --data a --speedup 4', 'expected --output OUT, got nothing'],
    ['no data to approximate with', 'approximate zoo:sppnet7 --speedup 4 -o a', 'expected --data IMAGES, got nothing'],
    ['no speed-up to approximate for', 'approximate zoo:sppnet7 --data a -o b', 'expected --speedup R'],
    ['a method without a speed-up', 'approximate zoo:sppnet7 --data a -o b --ranks energy', 'expected --speedup R'],
    ['unknown solver', 'approximate m --data a -o b --speedup 4 --solver fast', 'expected nonlinear or linear'],
    [
      'unknown method',
      'approximate m --data a -o b --speedup 4 --ranks good',
      "expected best, sensitivity, energy, exact, uniform, name=rank, got 'good'",
    ],
    [
      'report onto the model',
      'approximate m --data a -o ./b --speedup 4 --report b',
      'expected another file than --output',
    ],
  ];
  it.each(lines)('%s', async (_, line, message) => {
    const { code, stdout, stderr } = await run(line.split(' ').filter((word) => word !== ''));
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^rankwise: [^\n]*--help\)\n$/);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it('for whatever is written', async () => {
    const word = fc.constantFrom(
      'zoo:sppnet7',
      '--speedup',
      '--uniform',
      '--json',
      '--',
      '-o',
      '--ranks=',
      '0',
      '-h=1',
      '',
    );
    const args = fc.tuple(fc.constantFrom('inspect', 'ranks', 'evaluate', 'x'), fc.array(fc.oneof(word, fc.string())));
    await fc.assert(
      fc.asyncProperty(args, async ([command, rest]) => {
        const { code, stderr } = await run([command, ...rest]);
        expect([0, 1, 2]).toContain(code);
        expect(stderr).toMatch(code === 0 ? /^$/ : /^rankwise: [^\n]*\n$/);
      }),
      { numRuns: runs(60) },
    );
  });

  it('adds a stack trace only when asked to', async () => {
    const { stderr } = await run(['inspect'], { environment: { RANKWISE_DEBUG: '1' } });
    expect(stderr).toMatch(/^rankwise: expected MODEL.*\nUsageError: .*\n {4}at /);
  });

  it('keeps control characters of the command line off the terminal', async () => {
    const { stderr } = await run(['inspect', 'zoo:\u001b[31mred\u0007\nline']);
    expect(stderr).toContain("got 'zoo:\ufffd[31mred\ufffd line'");
  });
});

describe('parseRanks', () => {
  const methods = ['energy', 'uniform'] as const;

  it('reads a method, pairs, or both', () => {
    expect(parseRanks('--ranks', 'energy', methods)).toEqual({ method: 'energy', fixed: {} });
    expect(parseRanks('--ranks', 'conv2=32', methods)).toEqual({ method: undefined, fixed: { conv2: 32 } });
    expect(parseRanks('--ranks', 'uniform, fire2/expand1x1 = 7,b=8', methods)).toEqual({
      method: 'uniform',
      fixed: { 'fire2/expand1x1': 7, b: 8 },
    });
  });

  it('takes names that every object has', () => {
    const { fixed } = parseRanks('--ranks', '__proto__=3,constructor=4', methods);
    expect(Object.entries(fixed)).toEqual([
      ['__proto__', 3],
      ['constructor', 4],
    ]);
  });

  it('refuses anything else', () => {
    for (const text of [
      '',
      ',',
      'a=',
      '=3',
      'a=-1',
      'a=1.5',
      'a=1e3',
      'a=b=c',
      'a=1,energy',
      'a=99999999999999999999',
    ]) {
      expect(() => parseRanks('--ranks', text, methods), text).toThrow('--ranks: expected');
    }
  });
});
