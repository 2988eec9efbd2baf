/**
 * Weights for networks that are yet to be trained, or only looked at.
 *
 * He initialisation (He, Zhang, Ren, Sun 2015, arXiv 1502.01852, equation 10): weights are normal with mean 0 and
 * standard deviation sqrt(2 / fan-in), fan-in the number of inputs of one output; biases are 0. It keeps the variance of
 * activations through layers with relu.
 */

import { broadcastTo, createRandom, full, sizeOf, zeros } from '@rankwise/tensor';
import type { Shape, Tensor } from '@rankwise/tensor';

export interface InitializeOptions {
  /** Default 0. */
  readonly seed?: number;
  /**
   * False leaves every parameter a zero that is stored once and broadcast (stride 0): shapes, cost and ranks of a network of
   * any size without its memory. Default true.
   */
  readonly initialize?: boolean;
}

export interface Initializer {
  /** [outputs, …], He-initialised; what it holds depends on the seed and the name only. */
  readonly weight: (name: string, shape: Shape) => Tensor<'f32'>;
  /** Zeros. */
  readonly bias: (outputs: number) => Tensor<'f32'>;
  /** The slopes of a PReLU: 0.25, as in the same paper, §2.1. */
  readonly slopes: (channels: number) => Tensor<'f32'>;
}

/** @throws DomainError when the seed is not one of createRandom's. */
export function createInitializer(options: InitializeOptions = {}): Initializer {
  if (options.initialize === false) {
    const vector = (length: number): Tensor<'f32'> => placeholder([length]);
    return { weight: (_, shape) => placeholder(shape), bias: vector, slopes: vector };
  }
  const random = createRandom(options.seed ?? 0);
  return {
    weight: (name, shape) => {
      const deviation = Math.sqrt(2 / Math.max(1, sizeOf(shape.slice(1))));
      return random.fork(name).fillNormalInPlace(zeros('f32', shape), 0, deviation);
    },
    bias: (outputs) => zeros('f32', [outputs]),
    slopes: (channels) => full('f32', [channels], 0.25),
  };
}

function placeholder(shape: Shape): Tensor<'f32'> {
  return broadcastTo(zeros('f32', []), shape);
}
