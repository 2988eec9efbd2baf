/**
 * The passes of the two-dimensional transforms: a one-dimensional transform (transformLine.ts) of all rows or all columns of a tile,
 * four channels or filters at a time, with the way in and out of memory as part of it.
 *
 * Between its two passes a tile is a square of 8 × 8 vectors in the thread's scratch memory, rows 128 bytes apart.
 *
 * | pass    | from                                     | to                                              |
 * |---------|------------------------------------------|-------------------------------------------------|
 * | inputX  | rows of four planes                      | rows of the square                              |
 * | inputY  | columns of the square                    | V, a lane for each channel                      |
 * | filterX | taps of four filters                     | rows of the square                              |
 * | filterY | columns of the square                    | U, a vector for each point                      |
 * | outputY | M, a vector for each point               | columns of the square                           |
 * | outputX | rows of the square                       | bias, activation, rows of four planes           |
 *
 * All have eight i32 parameters, so that one table holds them; `passes` names those that are used.
 */

import { f32x4, i32, v128 } from '../assembler/instructions.ts';
import type { Callee } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { keptVector, lanePointers, loadLanes, storeLanes, transposeFour, zeroVector } from './lanes.ts';
import { advanceBy } from './task.ts';
import { emitTransform, inputsOf } from './transformLine.ts';
import type { LineShape } from './transformLine.ts';
import { rowBytes, vectorBytes } from './winogradTasks.ts';

type Address = Local<'i32'>;
type Writer = (f: FunctionBuilder, shape: LineShape, parameters: Record<string, Address>) => void;

/** Parameters and body of each pass. */
const passes = {
  inputX: [['source', 'planeBytes', 'lineBytes', 'square', 'rows'], writeInputX],
  inputY: [['square', 'target', 'pointRow', 'pointBytes', 'columns', 'laneBytes'], writeInputY],
  filterX: [['source', 'filterBytes', 'square', 'rows'], writeFilterX],
  filterY: [['square', 'target', 'pointRow', 'pointBytes', 'columns'], writeFilterY],
  outputY: [['source', 'pointRow', 'pointBytes', 'square', 'columns'], writeOutputY],
  outputX: [['square', 'target', 'planeBytes', 'lineBytes', 'rows', 'columns', 'bias', 'relu'], writeOutputX],
} as const satisfies Record<string, readonly [readonly string[], Writer]>;

export type PassName = keyof typeof passes;
export const passNames = Object.keys(passes) as readonly PassName[];

/** Values of a pass's parameters, by name. */
export type PassArguments<N extends PassName> = {
  readonly [K in (typeof passes)[N][0][number]]: ReturnType<Address['get']>;
};

/** The arguments in the order of the function's parameters. */
export function passArguments<N extends PassName>(name: N, values: PassArguments<N>): ReturnType<Address['get']>[] {
  const named: Readonly<Record<string, ReturnType<Address['get']>>> = values;
  return Array.from({ length: 8 }, (_, index) => named[passes[name][0][index] ?? ''] ?? i32.const(0));
}

export function emitPass(module: ModuleBuilder, name: PassName, shape: LineShape): Callee {
  const [parameters, write]: readonly [readonly string[], Writer] = passes[name];
  const types = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  return module.func(`${name}_${shape.outputs}_${shape.taps}`, types, [], (f, ...locals) => {
    write(f, shape, Object.fromEntries(parameters.map((parameter, index) => [parameter, locals[index]!])));
  });
}

function writeInputX(f: FunctionBuilder, shape: LineShape, p: Record<string, Address>): void {
  const { source, planeBytes, lineBytes, square, rows } = addresses(p);
  const size = inputsOf('input', shape);
  const planes = lanePointers(f, source, planeBytes);
  eachLine(f, rows, () => {
    const inputs = Array.from({ length: Math.ceil(size / 4) }, (_, group) =>
      size === 1
        ? [keptVector(f, loadLanes(planes.map((plane) => plane.get())))]
        : transposeFour(
            f,
            planes.map((plane) => v128.load(plane.get(), vectorBytes * group)),
          ),
    ).flat();
    storeRow(f, square, emitTransform(f, 'input', shape, inputs.slice(0, size)));
    for (const plane of planes) advanceBy(f, plane, lineBytes);
  });
}

function writeInputY(f: FunctionBuilder, shape: LineShape, p: Record<string, Address>): void {
  const { square, target, pointRow, pointBytes, columns, laneBytes } = addresses(p);
  eachLine(f, columns, () => {
    const lanes = lanePointers(f, target, laneBytes);
    for (const value of emitTransform(f, 'input', shape, loadColumn(f, square, inputsOf('input', shape)))) {
      storeLanes(f, value, lanes, 0);
      for (const lane of lanes) advanceBy(f, lane, pointRow);
    }
    advanceBy(f, target, pointBytes);
  });
}

function writeFilterX(f: FunctionBuilder, shape: LineShape, p: Record<string, Address>): void {
  const { source, filterBytes, square, rows } = addresses(p);
  const filters = lanePointers(f, source, filterBytes);
  eachLine(f, rows, () => {
    const taps = Array.from({ length: shape.taps }, (_, tap) =>
      keptVector(
        f,
        loadLanes(
          filters.map((filter) => filter.get()),
          4 * tap,
        ),
      ),
    );
    storeRow(f, square, emitTransform(f, 'filter', shape, taps));
    for (const filter of filters) advanceBy(f, filter, 4 * shape.taps);
  });
}

function writeFilterY(f: FunctionBuilder, shape: LineShape, p: Record<string, Address>): void {
  const { square, target, pointRow, pointBytes, columns } = addresses(p);
  const address = f.local('i32');
  eachLine(f, columns, () => {
    f.set(address, target.get());
    for (const value of emitTransform(f, 'filter', shape, loadColumn(f, square, shape.taps))) {
      f.do(v128.store(address.get(), value.get()));
      advanceBy(f, address, pointRow);
    }
    advanceBy(f, target, pointBytes);
  });
}

function writeOutputY(f: FunctionBuilder, shape: LineShape, p: Record<string, Address>): void {
  const { source, pointRow, pointBytes, square, columns } = addresses(p);
  const address = f.local('i32');
  eachLine(f, columns, () => {
    f.set(address, source.get());
    const points = Array.from({ length: inputsOf('output', shape) }, () => {
      const point = keptVector(f, v128.load(address.get()));
      advanceBy(f, address, pointRow);
      return point;
    });
    emitTransform(f, 'output', shape, points).forEach((value, y) => {
      f.do(v128.store(square.get(), value.get(), y * rowBytes));
    });
    advanceBy(f, source, pointBytes);
    advanceBy(f, square, vectorBytes);
  });
}

function writeOutputX(f: FunctionBuilder, shape: LineShape, p: Record<string, Address>): void {
  const { square, target, planeBytes, lineBytes, rows, columns, bias, relu } = addresses(p);
  const planes = lanePointers(f, target, planeBytes);
  const offset = keptVector(f, v128.load(bias.get()));
  eachLine(f, rows, () => {
    const row = Array.from({ length: inputsOf('output', shape) }, (_, x) =>
      keptVector(f, v128.load(square.get(), x * vectorBytes)),
    );
    const values = emitTransform(f, 'output', shape, row);
    for (const value of values) f.set(value, f32x4.add(value.get(), offset.get()));
    f.if(relu.get(), () => {
      for (const value of values) f.set(value, f32x4.max(value.get(), zeroVector));
    });
    values.forEach((value, x) => {
      f.if(i32.gt_u(columns.get(), i32.const(x)), () => storeLanes(f, value, planes, 4 * x));
    });
    advanceBy(f, square, rowBytes);
    for (const plane of planes) advanceBy(f, plane, lineBytes);
  });
}

/** Runs `body` as often as `lines` says. */
function eachLine(f: FunctionBuilder, lines: Address, body: () => void): void {
  f.count(f.local('i32'), i32.const(0), lines.get(), 1, body);
}

/** Stores a row and goes to the next. */
function storeRow(f: FunctionBuilder, square: Address, values: readonly Local<'v128'>[]): void {
  values.forEach((value, x) => f.do(v128.store(square.get(), value.get(), x * vectorBytes)));
  advanceBy(f, square, rowBytes);
}

/** Loads a column and goes to the next. */
function loadColumn(f: FunctionBuilder, square: Address, count: number): Local<'v128'>[] {
  const column = Array.from({ length: count }, (_, y) => keptVector(f, v128.load(square.get(), y * rowBytes)));
  advanceBy(f, square, vectorBytes);
  return column;
}

/** The parameters of a pass; emitPass has made a local for each name of its list. */
function addresses(p: Record<string, Address>): Record<ParameterName, Address> {
  return p as Record<ParameterName, Address>;
}

type ParameterName =
  | 'source'
  | 'target'
  | 'square'
  | 'planeBytes'
  | 'lineBytes'
  | 'filterBytes'
  | 'laneBytes'
  | 'pointRow'
  | 'pointBytes'
  | 'rows'
  | 'columns'
  | 'bias'
  | 'relu';
