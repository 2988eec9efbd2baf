/**
 * Spatial pyramid max pooling (He, Zhang, Ren, Sun 2014, arXiv 1406.4729, section 2.2 and figure 3): any map becomes a fixed
 * number of features.
 *
 * Level n is an n × n grid of windows; on an axis of extent a each is ceil(a / n) long and starts floor(a / n) after the one
 * before it. Windows overlap when n does not divide a. As in the paper's rule the grid ends with its n-th window: when the
 * last one stops short of the edge (a = 11, n = 6: windows of 2, stride 1), the rest of the map is not seen by that level.
 *
 * Features are the levels in order, each as (channel, y, x); channels · Σ n² in all.
 */

import { formatShape } from '@rankwise/tensor';
import type { Shape, Tensor } from '@rankwise/tensor';

import type { SpatialPyramidPoolNode } from '../model.ts';
import { badAttribute, onlyMap, shapeMismatch } from './checks.ts';
import { inputOf, newOutput } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';

/** [channels, h, w] to [channels · Σ n²]. */
export function spatialPyramidPoolShape(node: SpatialPyramidPoolNode, inputs: readonly Shape[]): Shape {
  const [channels, height, width] = onlyMap(node, inputs);
  if (node.levels.length === 0 || !node.levels.every((level) => Number.isSafeInteger(level) && level > 0)) {
    throw badAttribute(node, 'levels', 'one or more positive integers', node.levels);
  }
  const finest = Math.max(...node.levels);
  if (finest > height || finest > width) {
    throw shapeMismatch(node, 'input', `a map of at least ${finest} × ${finest}`, formatShape([height, width]));
  }
  return [node.levels.reduce((features, level) => features + channels * level * level, 0)];
}

export function runSpatialPyramidPool(node: SpatialPyramidPoolNode, call: NodeCall): Tensor<'f32'> {
  const input = inputOf(call);
  const output = newOutput(call);
  const [images = 0, channels = 0] = input.shape;
  let next = 0;
  for (let image = 0; image < images; image++) {
    for (const level of node.levels) {
      for (let channel = 0; channel < channels; channel++) {
        next = poolLevel(input, image * channels + channel, level, output.data, next);
      }
    }
  }
  return output;
}

/** The level × level maxima of one map, written from `next` on; returns where they end. */
function poolLevel(input: Tensor<'f32'>, map: number, level: number, out: Float32Array, next: number): number {
  const [, , height = 0, width = 0] = input.shape;
  const base = input.offset + map * height * width;
  const strideY = Math.floor(height / level);
  const strideX = Math.floor(width / level);
  const windowY = Math.ceil(height / level);
  const windowX = Math.ceil(width / level);
  let at = next;
  for (let y = 0; y < level; y++) {
    for (let x = 0; x < level; x++) {
      let max = -Infinity;
      for (let i = 0; i < windowY; i++) {
        const start = base + (y * strideY + i) * width + x * strideX;
        // (n - 1) floor(a / n) + ceil(a / n) ≤ a, so the window lies inside the map. Math.max keeps a NaN.
        for (let j = start; j < start + windowX; j++) max = Math.max(max, input.data[j]!);
      }
      out[at++] = max;
    }
  }
  return at;
}
