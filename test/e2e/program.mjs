/**
 * A program as a user would write it, in plain JavaScript on the packages' public names. It prints every number it computes
 * bit by bit, so that runs of it under different engines, settings and builds can be compared as text.
 */

import { approximate } from '@rankwise/approx';
import { symmetricEigen } from '@rankwise/linalg';
import { forward, modelCost, sequential } from '@rankwise/nn';
import { createRandom, fromNested, readSafetensors, toNested, writeSafetensors, zeros } from '@rankwise/tensor';

/** The tensor's shape and the bytes of its elements in hexadecimal. */
function bits(tensor) {
  const { buffer, byteOffset, byteLength } = tensor.data;
  const bytes = Array.from(new Uint8Array(buffer, byteOffset, byteLength), (byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  return { shape: tensor.shape, bytes: bytes.join('') };
}

const print = (what, value) => console.log(JSON.stringify({ [what]: value }));

print(
  'exact',
  toNested(
    symmetricEigen(
      fromNested('f64', [
        [2, 0],
        [0, 3],
      ]),
    ).values,
  ),
);

const random = createRandom(7);
const factor = random.fork('matrix').fillNormalInPlace(zeros('f64', [12, 12]));
const symmetric = fromNested(
  'f64',
  toNested(factor).map((row, i) => row.map((value, j) => value + factor.data[j * 12 + i])),
);
const { values, vectors } = symmetricEigen(symmetric);
print('eigen', { values: bits(values), vectors: bits(vectors) });

const model = sequential('tiny', [3, 12, 12], { seed: 3 })
  .conv('conv1', { filters: 8, kernel: 3, padding: 1 })
  .relu()
  .maxPool('pool1', { kernel: 2 })
  .conv('conv2', { filters: 12, kernel: 3, padding: 1 })
  .relu()
  .conv('conv3', { filters: 12, kernel: 3 })
  .relu()
  .flatten()
  .linear('classes', { outputs: 5 })
  .softmax()
  .build();
const images = random.fork('images').fillNormalInPlace(zeros('f32', [6, 3, 12, 12]));
print('forward', bits(forward(model, images).output));
print('cost', modelCost(model));

const file = writeSafetensors(model.parameters);
print('file', { length: file.length, first: bits(readSafetensors(file).tensors['conv1.weight']) });

const calibration = random.fork('calibration').fillNormalInPlace(zeros('f32', [40, 3, 12, 12]));
const settings = { speedup: 2, seed: 5, positions: 4, measure: false };
const approximated = await approximate(model, calibration, settings);
print('approximated', {
  nodes: approximated.model.nodes,
  parameters: Object.entries(approximated.model.parameters).map(([name, tensor]) => [name, bits(tensor)]),
  output: bits(forward(approximated.model, images).output),
});
// Everything in the report but the time it took.
const { layers, theoretical, outputError } = approximated.report;
print('report', { theoretical, outputError, layers: layers.map((layer) => ({ ...layer, seconds: 0 })) });
