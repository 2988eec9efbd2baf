import { describe, expect, it } from 'vitest';
import { help, readOptions } from '../../examples/paper/options.ts';

describe('the options of npm run paper', () => {
  it('are by default those of ten minutes', () => {
    const options = readOptions([]);
    expect(options).toMatchObject({ effort: 'usual', turns: 7, kernels: 'auto', fresh: false });
    expect(options?.task).toMatchObject({ images: 2000, positions: 5, iterations: 8, testCount: 2000, seed: 0 });
    expect(options?.task.model).toMatch(/fashion-chain\.safetensors$/);
  });

  it('thorough is the paper’s calibration, and each number can be set', () => {
    const thorough = readOptions(['--thorough', '--seed', '3', '--count', '77'])?.task;
    expect(thorough).toMatchObject({ images: 3000, positions: 10, iterations: 25, testCount: 77, seed: 3 });
    expect(readOptions(['--quick', '--turns', '0'])).toMatchObject({ effort: 'quick', turns: 0 });
  });

  it.each([
    [['--quick', '--thorough'], '--quick and --thorough: expected one of them, got both'],
    [['--count', '0'], "--count: expected a number from 2 on, got '0'"],
    [['--images', 'many'], "--images: expected a number from 10 on, got 'many'"],
    [['--positions', ''], "--positions: expected a number from 1 on, got ''"],
    [['--iterations', '0'], "--iterations: expected a number from 1 on, got '0'"],
    [['--turns', '1.5'], "--turns: expected a whole number, got '1.5'"],
    [['--seed', '-1'], "Option '--seed' argument is ambiguous"],
    [['--seed=-1'], "--seed: expected a number from 0 on, got '-1'"],
    [['--threads', '0'], "--threads: expected a number from 1 on, got '0'"],
    [['--kernels', 'fast'], "--kernels: expected auto or simd or reference, got 'fast'"],
    [['--colour'], "Unknown option '--colour'"],
    [['extra'], 'Unexpected argument'],
  ])('%j are refused', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });

  it('are all in the help', () => {
    expect(readOptions(['--help', '--quick'])).toBeNull();
    const named = ['quick', 'thorough', 'model', 'data', 'test', 'images', 'positions', 'iterations', 'count', 'turns'];
    for (const name of [...named, 'seed', 'threads', 'kernels', 'out', 'fresh']) expect(help).toContain(`--${name} `);
  });
});
