/**
 * The steps of an approximation one by one, on one layer: what `approximate` does, to read and to take apart.
 *
 *   node --conditions=rankwise-source --import tsx examples/02-step-by-step.ts
 */

import { fileURLToPath } from 'node:url';
import {
  calibrate,
  convolutionLayers,
  relativeResponseError,
  replaceConvolution,
  selectRanks,
  solveLinear,
  solveNonlinear,
} from '@rankwise/approx';
import { imageSourceFor, openImages, openModel } from '@rankwise/cli';
import { forward, modelCost, topK } from '@rankwise/nn';
import { slice } from '@rankwise/tensor';

const data = (name: string): string => fileURLToPath(new URL(`data/${name}`, import.meta.url));

// A trained network and photographs; the labels of these are never used.
const model = await openModel(data('fashion-chain.safetensors'));
const photographs = imageSourceFor(model, await openImages(data('calibration-images-idx3-ubyte.gz')));

// 1. The responses of conv2 before its ReLU, at 10 random positions of each of 200 photographs; a quarter is held out.
const calibration = await calibrate(model, photographs, { layers: ['conv2'], images: 200, heldOut: 0.25 });
const [conv2] = calibration.layers;
if (conv2 === undefined) throw new Error('expected a layer called conv2');
const fit = slice(conv2.target, [[0, conv2.fitRows]]);
const unseen = slice(conv2.target, [[conv2.fitRows, conv2.target.shape[0]]]);
console.log(`conv2: ${fit.shape[0]} responses of ${fit.shape[1]} filters to fit, ${unseen.shape[0]} held out`);

// 2. The rank that makes it four times cheaper, both new layers counted.
const { ranks } = selectRanks(convolutionLayers(model), { method: 'uniform', speedup: 4 });
const rank = ranks['conv2'] ?? 1;
console.log(`rank for 4×: ${rank}`);

// 3. The best map of that rank, without and with regard to the ReLU.
const linear = solveLinear({ target: fit, regressor: fit }, rank).map;
const nonlinear = solveNonlinear({ target: fit, regressor: fit }, rank).map;
for (const [name, map] of Object.entries({ linear, nonlinear })) {
  const error = relativeResponseError({ target: unseen, regressor: unseen }, map, { kind: 'relu' });
  console.log(`${name}: relative error after the ReLU on held-out photographs ${error.toFixed(4)}`);
}

// 4. Two thinner layers in place of one.
const approximated = replaceConvolution(model, 'conv2', nonlinear);
console.log(`multiply-adds: ${modelCost(model).convMacs} before, ${modelCost(approximated).convMacs} after`);

// 5. What it does to the answers, on photographs that took no part.
const test = await openImages(data('t10k-images-idx3-ubyte.gz'));
if (test.labels === undefined) throw new Error('expected labels beside the test photographs');
const images = await imageSourceFor(model, test).batch(0, 200);
const labels = slice<'i32' | 'u8'>(test.labels, [[0, 200]]);
for (const network of [model, approximated]) {
  console.log(`top-1 of 200: ${topK(forward(network, images).output, labels, [1])[0]}`);
}
