import { setFlagsFromString } from 'node:v8';
import { disassemble, moduleBuilder, probeFeatures, validateModule } from '@rankwise/simd';
import { FormatError, createRandom } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { disassembleLines } from '../../../packages/simd/src/assembler/disassemble.ts';
import { opcodes } from '../../../packages/simd/src/assembler/opcodes.ts';
import type { Opcode } from '../../../packages/simd/src/assembler/opcodes.ts';
import { seeds } from '../../kit/matrices/arbitraries.ts';
import { runs } from '../../kit/runs.ts';
import { constructorOf, immediatesOf } from './models/execute.ts';
import { randomModule } from './models/programs.ts';

// Node 20 has relaxed SIMD behind this flag.
if (!probeFeatures().relaxedSimd) setFlagsFromString('--experimental-wasm-relaxed-simd');
const { relaxedSimd } = probeFeatures();

/** The code of the validator's refusal, or 'valid'. Anything else it throws is a failure. */
function verdict(bytes: Uint8Array): string {
  try {
    validateModule(bytes);
    return 'valid';
  } catch (error) {
    if (error instanceof FormatError) return error.code;
    throw error;
  }
}

function survives(bytes: Uint8Array): boolean {
  try {
    disassemble(bytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  return true;
}

/** Refusals of what an engine may well accept: see the module doc of validateModule, and V8's view of atomic alignment. */
const ours = new Set(['unsupported', 'alignment', 'integer']);

function expectAgreement(bytes: Uint8Array<ArrayBuffer>): void {
  const said = verdict(bytes);
  const accepted = WebAssembly.validate(bytes);
  if (said === 'valid') expect(accepted).toBe(true);
  else if (!ours.has(said)) expect(`${said} ${accepted}`).toBe(`${said} false`);
}

describe('modules of one instruction', () => {
  it('are valid here and in the engine, and their text names the instruction', () => {
    for (const [name, opcode] of Object.entries<Opcode>(opcodes)) {
      for (const immediates of immediatesOf(opcode)) {
        const module = moduleBuilder({ initial: 1, maximum: 1, shared: true });
        const { takes, gives } = opcode;
        module.func('run', takes, gives === 'none' ? [] : [gives], (f, ...operands) =>
          f.result(constructorOf(name, opcode, immediates)(operands.map((local) => local.get())) as never),
        );
        const bytes = module.encode();
        const features = [...new Set([opcode.feature])];
        expect([name, validateModule(bytes)]).toEqual([name, { exports: ['run'], features }]);
        if (relaxedSimd || opcode.feature !== 'relaxed')
          expect([name, WebAssembly.validate(bytes)]).toEqual([name, true]);
        const last = disassemble(bytes).split('\n').at(-2) ?? '';
        expect(last.trim().split(' ')[0]).toBe(name);
      }
    }
  });
});

describe('random programs', () => {
  it('are valid here and in the engine; every byte is in one line of the text', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const bytes = randomModule(createRandom(seed), relaxedSimd);
        expect(verdict(bytes)).toBe('valid');
        expect(WebAssembly.validate(bytes)).toBe(true);
        const lines = disassembleLines(bytes);
        expect(lines.map(({ offset }) => offset)).toEqual([0, ...lines.slice(0, -1).map(({ end }) => end)]);
        expect(lines.at(-1)?.end).toBe(bytes.length);
        expect(lines.every(({ text, offset, end }) => text !== '' && end > offset)).toBe(true);
      }),
      { numRuns: runs(100) },
    );
  });

  it('with bytes changed are refused when the engine refuses them', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.nat(4))), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(seeds, fc.array(changes, { minLength: 10, maxLength: 10 }), (seed, mutations) => {
        const whole = randomModule(createRandom(seed), relaxedSimd);
        for (const mutation of mutations) {
          const bytes = whole.slice();
          // Behind the header.
          for (const [at, byte] of mutation) bytes[8 + (at % (bytes.length - 8))] = byte;
          expectAgreement(bytes);
          expect(survives(bytes)).toBe(true);
        }
      }),
      { numRuns: runs(100) },
    );
  });

  it('cut short are refused, but at the end of a section before which nothing is missing', () => {
    const bytes = randomModule(createRandom(4), relaxedSimd);
    for (let length = 0; length < bytes.length; length++) {
      const part = bytes.slice(0, length);
      expectAgreement(part);
      expect(survives(part)).toBe(true);
      expect(verdict(part) === 'valid').toBe(WebAssembly.validate(part));
    }
  });

  it('with bytes left out or put in are refused when the engine refuses them', () => {
    const bytes = randomModule(createRandom(11), relaxedSimd);
    for (let at = 8; at < Math.min(bytes.length, 700); at++) {
      expectAgreement(Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1)]));
      expectAgreement(Uint8Array.from([...bytes.subarray(0, at), 0, ...bytes.subarray(at)]));
    }
  });

  it('may be any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (noise, headed) => {
        const bytes = Uint8Array.from([...(headed ? [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0] : []), ...noise]);
        expectAgreement(bytes);
        expect(survives(bytes)).toBe(true);
      }),
      { numRuns: runs(500) },
    );
  });
});

describe('validateModule', () => {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  /** The sections that declare one function () -> (). */
  const typeAndFunction = [1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0];
  /** A module with one function () -> () of these locals and this code. */
  const bodyOf = (...code: number[]): Uint8Array<ArrayBuffer> =>
    Uint8Array.from([header, typeAndFunction, [10, code.length + 3, 1, code.length + 1], code, [0x0b]].flat());
  const cases: [what: string, bytes: Uint8Array<ArrayBuffer>, message: string][] = [
    ['no bytes', Uint8Array.of(), 'header: expected 8 bytes, got 0 (truncated at byte 0)'],
    [
      'another file',
      new Uint8Array(8),
      'header: expected a WebAssembly module, version 1, got other bytes (header at byte 0)',
    ],
    [
      'a section twice',
      Uint8Array.from([...header, 1, 1, 0, 1, 1, 0]),
      'section: expected an id above 1, got 1 (order at byte 11)',
    ],
    [
      'a custom section',
      Uint8Array.from([...header, 0, 1, 0]),
      'section: expected one that the builder writes, got id 0 (unsupported at byte 8)',
    ],
    ['an empty stack', bodyOf(0, 0x1a), 'function 0: drop: expected a value, got an empty stack (type at byte 23)'],
    [
      'a value too many',
      bodyOf(0, 0x41, 1),
      'function 0: end: expected 0 values at the end, got 1 more (type at byte 25)',
    ],
    ['a wrong type', bodyOf(0, 0x41, 1, 0x91, 0x1a), 'function 0: f32.sqrt: expected f32, got i32 (type at byte 25)'],
    [
      'a label outside',
      bodyOf(0, 0x0c, 1),
      'function 0: br: expected the label of an enclosing block, got 1 (index at byte 23)',
    ],
    [
      'no such local',
      bodyOf(1, 3, 0x7f, 0x20, 3, 0x1a),
      'function 0: local.get: expected a local below 3, got 3 (index at byte 25)',
    ],
    [
      'an else alone',
      bodyOf(0, 0x05),
      'function 0: else: expected an if before it, got function (structure at byte 23)',
    ],
    ['no memory', bodyOf(0, 0x3f, 0, 0x1a), 'function 0: memory.size: expected a memory, got none (index at byte 23)'],
    ['a body that goes on', bodyOf(0, 0x0b), 'function 0: expected its end, got 1 bytes more (trailing at byte 24)'],
    [
      'select of two types',
      bodyOf(0, 0x41, 1, 0x43, 0, 0, 0, 0, 0x41, 0, 0x1b, 0x1a),
      'function 0: select: expected i32, got f32 (type at byte 32)',
    ],
    [
      'a billion locals',
      bodyOf(1, 0x80, 0x80, 0x80, 0x80, 0x04, 0x7f),
      'function 0: locals: expected 50000 at most, got 1073741824 (limit at byte 29)',
    ],
  ];
  it.each(cases)('refuses %s', (_, bytes, message) => {
    expect(WebAssembly.validate(bytes)).toBe(message.includes('unsupported'));
    expect(() => validateModule(bytes)).toThrow(FormatError);
    expect(() => validateModule(bytes)).toThrow(`validateModule: ${message}`);
  });

  /** A module of these sections, each an id and its content. */
  const moduleOf = (...found: [id: number, ...content: number[]][]): Uint8Array<ArrayBuffer> =>
    Uint8Array.from([...header, ...found.flatMap(([id, ...content]) => [id, content.length, ...content])]);
  const memoryImport = (...limits: number[]): number[] => [1, 0x65, 1, 0x6d, 2, ...limits];
  const oneFunction: [number, ...number[]][] = [
    [1, 1, 0x60, 0, 0],
    [3, 1, 0],
  ];
  const oneBody: [number, ...number[]] = [10, 1, 2, 0, 0x0b];
  it.each<[what: string, bytes: Uint8Array<ArrayBuffer>, code: string]>([
    ['a maximum below the initial size', moduleOf([2, 1, ...memoryImport(1, 2, 1)]), 'limit'],
    ['a memory above 4 GiB', moduleOf([2, 1, ...memoryImport(0, 0x81, 0x80, 0x04)]), 'limit'],
    ['a maximum above 4 GiB', moduleOf([2, 1, ...memoryImport(1, 0, 0x81, 0x80, 0x04)]), 'limit'],
    ['an import of a missing type', moduleOf([2, 1, 1, 0x65, 1, 0x66, 0, 0]), 'index'],
    ['a function of a missing type', moduleOf([3, 1, 0], oneBody), 'index'],
    ['a function without a body', moduleOf(...oneFunction), 'structure'],
    ['a body without a function', moduleOf(oneBody), 'structure'],
    ['an export of nothing', moduleOf([7, 1, 1, 0x61, 0, 0]), 'index'],
    ['a name exported twice', moduleOf(...oneFunction, [7, 2, 1, 0x61, 0, 0, 1, 0x61, 0, 0], oneBody), 'duplicate'],
    ['elements without a table', moduleOf([9, 1, 0, 0x41, 0, 0x0b, 0]), 'index'],
    ['a missing function in a table', moduleOf([4, 1, 0x70, 0, 1], [9, 1, 0, 0x41, 0, 0x0b, 1, 0]), 'index'],
    [
      'labels of different arity',
      bodyOf(0, 2, 0x7f, 2, 0x40, 0x41, 1, 0x41, 0, 14, 1, 0, 1, 11, 0x41, 0, 11, 0x1a),
      'type',
    ],
    ['an indirect call without a table', bodyOf(0, 0x41, 0, 0x11, 0, 0), 'index'],
    ['a call of a missing function', bodyOf(0, 0x10, 1), 'index'],
    ['a block of a missing type', bodyOf(0, 0x02, 1, 0x0b), 'index'],
  ])('refuses %s', (_, bytes, code) => {
    expect([verdict(bytes), WebAssembly.validate(bytes)]).toEqual([code, false]);
  });

  it('refuses a table of more than ten million, which V8 11 lets pass here', () => {
    expect(verdict(moduleOf([4, 1, 0x70, 0, 0x81, 0xad, 0xe2, 0x04]))).toBe('limit');
    expect(verdict(moduleOf([4, 1, 0x70, 0, 0x80, 0xad, 0xe2, 0x04]))).toBe('valid');
  });

  it('takes imported functions, tables and exports of each kind', () => {
    const bytes = moduleOf(
      [1, 2, 0x60, 0, 0, 0x60, 1, 0x7f, 1, 0x7f],
      [2, 2, 1, 0x65, 1, 0x66, 0, 1, ...memoryImport(3, 1, 1)],
      [3, 1, 0],
      [4, 1, 0x70, 1, 2, 3],
      [7, 3, 1, 0x61, 0, 0, 1, 0x62, 1, 0, 1, 0x63, 2, 0],
      [9, 1, 0, 0x41, 0, 0x0b, 2, 0, 1],
      [10, 1, 7, 0, 0x41, 1, 0x10, 0, 0x1a, 0x0b],
    );
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(validateModule(bytes)).toEqual({ exports: ['a', 'b', 'c'], features: ['mvp'] });
    expect(disassemble(bytes)).toContain('(func (;1;)\n    i32.const 1\n    call 0');
  });

  it('takes anything from a stack that is never reached', () => {
    for (const code of [
      [0x00, 0x92, 0x1a],
      [0x00, 0x1b, 0x1a],
      [0x02, 0x40, 0x0c, 0, 0x6a, 0x45, 0x1a, 0x0b],
      [0x03, 0x7f, 0x0c, 0, 0x0b, 0x1a],
      [0x00, 0x0e, 1, 0, 0],
    ]) {
      expect(WebAssembly.validate(bodyOf(0, ...code))).toBe(true);
      expect(verdict(bodyOf(0, ...code))).toBe('valid');
    }
    expect(verdict(bodyOf(0, 0x00, 0x41, 0, 0x92, 0x1a))).toBe('type');
  });

  it('reads blocks and branches that carry values', () => {
    expectAgreement(bodyOf(0, 0x02, 0x7f, 0x41, 1, 0x41, 0, 0x0d, 0, 0x0b, 0x1a));
    expectAgreement(bodyOf(0, 0x02, 0x7d, 0x41, 1, 0x41, 0, 0x0d, 0, 0x0b, 0x1a));
    expectAgreement(bodyOf(0, 0x41, 0, 0x04, 0x7f, 0x41, 1, 0x05, 0x41, 2, 0x0b, 0x1a));
    expectAgreement(bodyOf(0, 0x41, 0, 0x04, 0x7f, 0x41, 1, 0x0b, 0x1a));
    expect(verdict(bodyOf(0, 0x41, 0, 0x04, 0x7f, 0x41, 1, 0x05, 0x41, 2, 0x0b, 0x1a))).toBe('valid');
  });

  it('reads a body of many nested blocks in little room', () => {
    const depth = 20_000;
    const blocks = Array.from({ length: depth }, () => [0x02, 0x40]).flat();
    const code = [0, ...blocks, ...Array.from({ length: depth }, () => 0x0b)];
    const size = (n: number): number[] => [(n & 0x7f) | 0x80, ((n >> 7) & 0x7f) | 0x80, n >> 14];
    const body = [...size(code.length + 1), ...code, 0x0b];
    const bytes = Uint8Array.from([...header, ...typeAndFunction, 10, ...size(body.length + 1), 1, ...body]);
    expect([verdict(bytes), WebAssembly.validate(bytes)]).toEqual(['valid', true]);
    expect(disassemble(bytes).length).toBeLessThan(depth * 200);
  });
});
