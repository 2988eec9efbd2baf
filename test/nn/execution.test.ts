/** Running a model in pieces: liveness, fusion, and that the cuts make no difference. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance, forward, liveAfter, sequential, startExecution } from '@rankwise/nn';
import type { ExecutionState, Model } from '@rankwise/nn';
import {
  DomainError,
  ShapeError,
  fromNested,
  full,
  referenceKernels,
  toNested,
  transpose,
  zeros,
} from '@rankwise/tensor';
import type { Kernels, Tensor, Workspace } from '@rankwise/tensor';
import { runs } from '../kit/runs.ts';
import { modelCases } from './randomModel.ts';
import { valueOf } from './values.ts';

const kernels = referenceKernels;

/** conv1 → relu1 → conv2 → relu2, and conv2 joined with relu1 by add. */
function skipModel(): Model {
  const conv = { op: 'conv2d', stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;
  return {
    name: 'skip',
    input: { name: 'input', shape: [1, 2, 2] },
    nodes: [
      { ...conv, name: 'conv1', inputs: ['input'], weight: 'w1' },
      { op: 'relu', name: 'relu1', inputs: ['conv1'] },
      { ...conv, name: 'conv2', inputs: ['relu1'], weight: 'w2' },
      { op: 'add', name: 'sum', inputs: ['conv2', 'relu1'] },
      { op: 'relu', name: 'relu2', inputs: ['sum'] },
    ],
    output: 'relu2',
    parameters: { w1: fromNested('f32', [[[[-1]]]]), w2: fromNested('f32', [[[[2]]]]) },
  };
}

/** Notes each kernel call as `method activation`. */
function recording(): { kernels: Kernels; calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    kernels: {
      ...referenceKernels,
      conv2d: (call) => {
        calls.push(`conv2d ${call.activation}`);
        referenceKernels.conv2d(call);
      },
      matmul: (call) => {
        calls.push(`matmul ${call.activation}`);
        referenceKernels.matmul(call);
      },
      relu: (input, output) => {
        calls.push('relu');
        referenceKernels.relu(input, output);
      },
    },
  };
}

function runWhole(model: Model, input: Tensor<'f32'>, keep: readonly string[] = []): ExecutionState {
  return advance(model, startExecution(model, input), 0, model.nodes.length, { kernels, keep });
}

describe('liveAfter', () => {
  it('names what the rest reads, in the order it is made', () => {
    const model = skipModel();
    expect([-1, 0, 1, 2, 3, 4].map((index) => liveAfter(model, index))).toEqual([
      ['input'],
      ['conv1'],
      ['relu1'],
      ['relu1', 'conv2'],
      ['sum'],
      ['relu2'],
    ]);
  });

  it('keeps an output that is made before the end', () => {
    expect(liveAfter({ ...skipModel(), output: 'relu1' }, 4)).toEqual(['relu1']);
  });
});

describe('advance', () => {
  it('gives the state that liveAfter names, and the kept values', () => {
    const model = skipModel();
    const start = startExecution(
      model,
      fromNested('f32', [
        [
          [
            [1, -2],
            [3, -4],
          ],
        ],
      ]),
    );
    for (let to = 0; to <= model.nodes.length; to++) {
      expect([...advance(model, start, 0, to, { kernels }).values.keys()].toSorted()).toEqual(
        liveAfter(model, to - 1).toSorted(),
      );
    }
    const kept = advance(model, start, 0, 5, { kernels, keep: ['conv1', 'input'] });
    expect([...kept.values.keys()].toSorted()).toEqual(['conv1', 'input', 'relu2']);
    expect([...(kept.values.get('conv1')?.data ?? [])]).toEqual([-1, 2, -3, 4]);
    expect([...(kept.values.get('relu2')?.data ?? [])]).toEqual([0, 6, 0, 12]);
    expect([...start.values.keys()]).toEqual(['input']);
  });

  it('drops what was kept before and is not kept any more, and what nobody reads', () => {
    const model = skipModel();
    const unread: Model = { ...model, nodes: [...model.nodes, { op: 'relu', name: 'unread', inputs: ['sum'] }] };
    const start = startExecution(unread, zeros('f32', [1, 1, 2, 2]));
    const paused = advance(unread, start, 0, 3, { kernels, keep: ['input', 'conv1'] });
    expect([...advance(unread, paused, 3, 6, { kernels }).values.keys()]).toEqual(['relu2']);
    expect([...advance(unread, paused, 3, 6, { kernels, keep: ['conv1'] }).values.keys()]).toEqual(['conv1', 'relu2']);
  });

  it('fuses a relu into a convolution only inside the segment, and only when nobody else wants the value', () => {
    const model = skipModel();
    const input = fromNested('f32', [
      [
        [
          [1, -2],
          [3, -4],
        ],
      ],
    ]);
    const whole = recording();
    advance(model, startExecution(model, input), 0, 5, { kernels: whole.kernels });
    expect(whole.calls).toEqual(['conv2d relu', 'conv2d none', 'relu']);
    const kept = recording();
    advance(model, startExecution(model, input), 0, 5, { kernels: kept.kernels, keep: ['conv1'] });
    expect(kept.calls).toEqual(['conv2d none', 'relu', 'conv2d none', 'relu']);
    const cut = recording();
    const paused = advance(model, startExecution(model, input), 0, 1, { kernels: cut.kernels });
    advance(model, paused, 1, 5, { kernels: cut.kernels });
    expect(cut.calls).toEqual(['conv2d none', 'relu', 'conv2d none', 'relu']);
    const answer = recording();
    const model2: Model = { ...model, output: 'conv1' };
    advance(model2, startExecution(model2, input), 0, 5, { kernels: answer.kernels });
    expect(answer.calls[0]).toBe('conv2d none');
  });

  it('does not fuse a relu into a convolution that something else reads, too', () => {
    const model = skipModel();
    const nodes = model.nodes.map((node) => (node.op === 'add' ? { ...node, inputs: ['conv2', 'conv1'] } : node));
    const both: Model = { ...model, nodes };
    const { kernels: watched, calls } = recording();
    const end = advance(
      both,
      startExecution(
        both,
        fromNested('f32', [
          [
            [
              [1, -2],
              [3, -4],
            ],
          ],
        ]),
      ),
      0,
      5,
      { kernels: watched },
    );
    expect(calls).toEqual(['conv2d none', 'relu', 'conv2d none', 'relu']);
    expect(toNested(valueOf(end.values, 'relu2'))).toEqual([
      [
        [
          [0, 6],
          [0, 12],
        ],
      ],
    ]);
  });

  it('fuses a relu into a linear layer', () => {
    const model = sequential('tiny', [1, 2, 2]).flatten().linear('fc', { outputs: 2 }).relu().build();
    const { kernels: watched, calls } = recording();
    advance(model, startExecution(model, zeros('f32', [1, 1, 2, 2])), 0, 3, { kernels: watched });
    expect(calls).toEqual(['matmul relu']);
  });

  it('continues with a model whose earlier nodes were replaced', () => {
    const model = skipModel();
    const paused = advance(
      model,
      startExecution(
        model,
        fromNested('f32', [
          [
            [
              [1, -2],
              [3, -4],
            ],
          ],
        ]),
      ),
      0,
      2,
      { kernels },
    );
    const rest = model.nodes.slice(2);
    const replaced: Model = {
      ...model,
      nodes: [
        { op: 'dropout', name: 'new', inputs: ['input'] },
        { op: 'relu', name: 'relu1', inputs: ['new'] },
        ...rest,
      ],
      parameters: { w2: fromNested('f32', [[[[10]]]]) },
    };
    const end = advance(replaced, paused, 2, 5, { kernels });
    expect(toNested(valueOf(end.values, 'relu2'))).toEqual([
      [
        [
          [0, 22],
          [0, 44],
        ],
      ],
    ]);
  });

  it('gives bit-identical values however the pass is cut', () => {
    fc.assert(
      fc.property(modelCases(), ({ model, input }) => {
        const count = model.nodes.length;
        const whole = runWhole(model, input).values.get(model.output)?.data;
        for (let cut = 0; cut <= count; cut++) {
          const paused = advance(model, startExecution(model, input), 0, cut, { kernels });
          expect(advance(model, paused, cut, count, { kernels }).values.get(model.output)?.data).toEqual(whole);
        }
        let state = startExecution(model, input);
        for (let index = 0; index < count; index++) state = advance(model, state, index, index + 1, { kernels });
        expect(state.values.get(model.output)?.data).toEqual(whole);
        expect([...state.values.keys()]).toEqual([model.output]);
      }),
      { numRuns: runs() },
    );
  });

  it('gives the same for fused and tapped convolutions with weights of any size', () => {
    const model = sequential('chain', [2, 9, 9], { seed: 3 })
      .conv('conv1', { filters: 8, kernel: 3, padding: 1 })
      .relu()
      .conv('conv2', { filters: 7, kernel: 3, stride: 2 })
      .relu()
      .spatialPyramidPool([2, 1])
      .linear('fc', { outputs: 5 })
      .relu()
      .build();
    const input = zeros('f32', [3, 2, 9, 9]);
    for (let i = 0; i < input.data.length; i++) input.data[i] = Math.sin(i * i);
    const fused = forward(model, input).output.data;
    const tapped = forward(model, input, { taps: ['conv1', 'conv2', 'fc'] }).output.data;
    expect(fused).toEqual(tapped);
    expect(fused.some((value) => value > 0)).toBe(true);
  });
});

/** A workspace whose memory is poisoned when it is lent and when it comes back, so that any use outside of the loan shows. */
function poisoningWorkspace(): { workspace: Workspace; onLoan: () => number } {
  const lent = new Set<unknown>();
  return {
    onLoan: () => lent.size,
    workspace: {
      borrow: (dtype, shape) => {
        const tensor = full(dtype, shape, NaN);
        lent.add(tensor.data);
        return tensor;
      },
      release: ({ data }) => {
        expect(lent.delete(data)).toBe(true);
        data.fill(NaN);
      },
    },
  };
}

describe('a workspace', () => {
  it('changes no value, wherever the pass is cut, and has everything back at the end', () => {
    fc.assert(
      fc.property(modelCases(), fc.boolean(), ({ model, input }, keepAll) => {
        const { workspace, onLoan } = poisoningWorkspace();
        const borrowing = { ...kernels, workspace };
        const keep = keepAll ? model.nodes.map(({ name }) => name) : [];
        const count = model.nodes.length;
        const whole = runWhole(model, input, keep);
        for (let cut = 0; cut <= count; cut++) {
          const paused = advance(model, startExecution(model, input), 0, cut, { kernels: borrowing });
          expect(onLoan()).toBe(0);
          const end = advance(model, paused, cut, count, { kernels: borrowing, keep: keep.slice(cut) });
          expect(onLoan()).toBe(0);
          for (const [name, { data }] of end.values) expect(data).toEqual(whole.values.get(name)?.data);
        }
      }),
      { numRuns: runs() },
    );
  });

  it('has everything back when a node fails', () => {
    const { workspace, onLoan } = poisoningWorkspace();
    const failing = {
      ...kernels,
      workspace,
      add: () => {
        throw new DomainError('add: fails');
      },
    };
    const model = skipModel();
    const start = startExecution(model, zeros('f32', [1, 1, 2, 2]));
    expect(() => advance(model, start, 0, 5, { kernels: failing })).toThrow('add: fails');
    expect(onLoan()).toBe(0);
    expect([...start.values.keys()]).toEqual(['input']);
  });
});

describe('refusals', () => {
  const model = skipModel();
  const state = startExecution(model, zeros('f32', [1, 1, 2, 2]));

  it('refuses an input of another shape, or a strided one', () => {
    expect(() => startExecution(model, zeros('f32', [1, 2, 2]))).toThrow(ShapeError);
    expect(() => startExecution(model, zeros('f32', [1, 1, 3, 2]))).toThrow(
      'startExecution: input: expected [images, 1, 2, 2], got [1, 1, 3, 2]',
    );
    expect(() => startExecution(model, transpose(zeros('f32', [1, 1, 2, 2]), [0, 1, 3, 2]))).toThrow('contiguous');
  });

  it('refuses a range outside the model', () => {
    for (const [from, to] of [
      [-1, 2],
      [2, 1],
      [0, 6],
      [0.5, 1],
    ] as const) {
      expect(() => advance(model, state, from, to, { kernels })).toThrow(DomainError);
    }
  });

  it('refuses a state in which a value that is still read is missing', () => {
    expect(() => advance(model, state, 3, 5, { kernels })).toThrow(
      "advance: state: expected the value 'relu1', which a node from 3 on reads, got none",
    );
  });
});
