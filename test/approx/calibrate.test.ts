import { calibrate, convolutionLayers, nonlinearityName } from '@rankwise/approx';
import { jacobiEigen } from '@rankwise/linalg';
import { forward } from '@rankwise/nn';
import { slice, tensorOf, zeros } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { symmetrized } from '../kit/matrices/gallery.ts';
import { expectRatio } from '../kit/matrices/ratios.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { branchedNetwork, chainNetwork, imagesFor, residualNetwork } from './networks.ts';
import { centredProducts } from './support.ts';

const networks = { chain: chainNetwork(), residual: residualNetwork(), branched: branchedNetwork() };

describe('convolutionLayers', () => {
  it('are those with one group, with the nonlinearity their only reader makes', () => {
    const seen = (model: (typeof networks)['chain']): unknown[] =>
      convolutionLayers(model).map(({ name, nonlinearity, first }) => [name, nonlinearityName(nonlinearity), first]);
    expect(seen(networks.chain)).toEqual([
      ['conv1', 'relu', true],
      ['conv2', 'relu', false],
      ['conv3', 'relu', false],
      ['conv4', 'identity', false],
    ]);
    expect(seen(networks.residual)).toEqual([
      ['conv0', 'relu', true],
      ['conv1', 'relu', false],
      ['conv2', 'identity', false],
      ['conv3', 'relu', false],
    ]);
    expect(seen(networks.branched).map((entry) => (entry as string[])[0])).toEqual([
      'conv0',
      'squeeze',
      'left',
      'right',
    ]);
  });

  it('read by two, or made the output, are linear', () => {
    const { residual } = networks;
    expect(
      convolutionLayers({ ...residual, output: 'conv1' }).find(({ name }) => name === 'conv1')?.nonlinearity.kind,
    ).toBe('identity');
    const both = residual.nodes.map((node) => (node.name === 'sum' ? { ...node, inputs: ['conv2', 'conv1'] } : node));
    const layers = convolutionLayers({ ...residual, nodes: both });
    expect(layers.find(({ name }) => name === 'conv1')?.nonlinearity.kind).toBe('identity');
  });
});

describe('calibrate', () => {
  it.each(Object.entries(networks))(
    '%s: the targets are what forward taps at the sampled positions',
    async (_, model) => {
      const images = imagesFor(model, 13);
      const layers = convolutionLayers(model).map(({ name }) => name);
      const calibration = await calibrate(model, images, { layers, positions: 7, heldOut: 0.3, batchSize: 4 });
      expect(calibration.images.count).toBe(13);
      expect(calibration.fitImages).toBe(9);
      const chosen = await calibration.images.batch(0, 13);
      const { taps, output } = forward(model, chosen, { taps: layers });
      for (const { layer, positions, target, fitRows } of calibration.layers) {
        expect(fitRows).toBe(9 * positions.perImage);
        expect(target.shape).toEqual([13 * positions.perImage, layer.filters]);
        const tap = taps.get(layer.name)!;
        const largest = tap.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        for (let row = 0; row < target.shape[0]!; row++) {
          const image = Math.floor(row / positions.perImage);
          for (let j = 0; j < layer.filters; j++) {
            const place = (image * layer.filters + j) * layer.positions + positions.indices[row]!;
            const bound = 4 * gamma(layer.patchSize + 2, 'f32') * largest * layer.patchSize;
            expectWithin(target.data[row * layer.filters + j]!, tap.data[place]!, bound, `${layer.name} ${row} ${j}`);
          }
        }
      }
      expect([...calibration.outputs!.data]).toEqual(Array.from(output.data.subarray((output.data.length / 13) * 9)));
    },
  );

  it('energies are the eigenvalues of the covariance of the fitting rows', async () => {
    const model = networks.chain;
    const { layers } = await calibrate(model, imagesFor(model, 20), { positions: 6, heldOut: 0.2 });
    for (const { layer, target, fitRows, energies } of layers) {
      const fit = tensorOf(target.data.slice(0, fitRows * layer.filters), [fitRows, layer.filters]);
      const { values } = jacobiEigen(symmetrized(centredProducts(fit, fit)));
      energies.forEach((energy, i) => {
        const ratio = Math.abs(energy * fitRows - values.data[i]!) / (values.data[0]! * fitRows * Number.EPSILON);
        expectRatio('energies', `${layer.name} ${i}`, ratio);
      });
    }
  });

  it('does not depend on the batch size', async () => {
    const model = networks.residual;
    const images = imagesFor(model, 11);
    const [one, ...others] = await Promise.all(
      [1, 2, 5, 64].map((batchSize) => calibrate(model, images, { positions: 3, batchSize, heldOut: 0.2 })),
    );
    for (const other of others) {
      expect(other.layers.map(({ target }) => target)).toEqual(one!.layers.map(({ target }) => target));
      expect(other.outputs).toEqual(one!.outputs);
    }
  });

  it('does not depend on which other layers are sampled', async () => {
    const model = networks.branched;
    const images = imagesFor(model, 6);
    const all = await calibrate(model, images, { positions: 5 });
    expect(all.layers.map(({ layer }) => layer.name)).toEqual(['squeeze', 'left', 'right']);
    for (const { layer, target, positions } of all.layers) {
      const alone = await calibrate(model, images, { positions: 5, layers: [layer.name] });
      expect(alone.layers[0]!.positions).toEqual(positions);
      alone.layers[0]!.target.data.forEach((x, i) => {
        const bound = 4 * gamma(layer.patchSize + 2, 'f32') * 20; // bound: two routes of the kernels, magnitudes below 20
        expectWithin(x, target.data[i]!, bound, layer.name);
      });
    }
  });

  it('chooses images by the seed, each once', async () => {
    const model = networks.chain;
    const images = imagesFor(model, 20);
    const tags = async (options: object): Promise<number[]> => {
      const { images: chosen } = await calibrate(model, images, { positions: 1, layers: ['conv2'], ...options });
      const batch = await chosen.batch(0, chosen.count);
      return Array.from({ length: chosen.count }, (_, i) => Math.round(batch.data[i * 162]! * 20));
    };
    const ten = await tags({ images: 10, seed: 4 });
    expect(new Set(ten).size).toBe(10);
    expect(await tags({ images: 10, seed: 4 })).toEqual(ten);
    expect(await tags({ images: 10, seed: 5 })).not.toEqual(ten);
    expect((await tags({})).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('without held-out images keeps no outputs, and one image is always fitted', async () => {
    const model = networks.chain;
    const calibration = await calibrate(model, imagesFor(model, 6), { heldOut: 0 });
    expect(calibration.outputs).toBeUndefined();
    expect(calibration.fitImages).toBe(6);
    expect((await calibrate(model, imagesFor(model, 1), { heldOut: 0.99 })).fitImages).toBe(1);
    for (const [count, fitted] of [
      [2, 1],
      [3, 2],
      [4, 2],
      [8, 6],
    ] as const) {
      // prettier-ignore
      expect((await calibrate(model, imagesFor(model, count))).fitImages).toBe(fitted);
    }
  });

  it('reads views of images and sources that answer later', async () => {
    const model = networks.chain;
    const images = imagesFor(model, 9);
    const view = slice(images, [[2, 8]]);
    const copy = tensorOf(images.data.slice(2 * 162, 8 * 162), [6, 2, 9, 9]);
    const source = {
      count: 6,
      shape: [2, 9, 9],
      batch: (from: number, to: number) =>
        Promise.resolve(tensorOf(copy.data.slice(from * 162, to * 162), [to - from, 2, 9, 9])),
    };
    const plain = await calibrate(model, copy, { positions: 2 });
    for (const given of [view, source]) {
      const other = await calibrate(model, given, { positions: 2 });
      expect(other.layers.map(({ target }) => target.data)).toEqual(plain.layers.map(({ target }) => target.data));
    }
  });

  it('refuses, naming the argument', async () => {
    const model = networks.chain;
    const images = imagesFor(model, 4);
    const nan = imagesFor(model, 4);
    nan.data[200] = Number.NaN;
    const refused: [Promise<unknown>, RegExp][] = [
      [calibrate(model, images, { layers: ['conv9'] }), /^calibrate: layers: expected one of conv1, .*, got conv9$/],
      [calibrate(model, images, { positions: 0 }), /^calibrate: positions: expected a positive integer, got 0$/],
      [calibrate(model, images, { images: 1.5 }), /^calibrate: images: expected a positive integer, got 1.5$/],
      [calibrate(model, images, { batchSize: 0 }), /^calibrate: batchSize: expected a positive integer, got 0$/],
      [calibrate(model, images, { batchSize: Number.NaN }), /^calibrate: batchSize: .* got NaN$/],
      [calibrate(model, images, { heldOut: 1 }), /^calibrate: heldOut: expected 0 ≤ share < 1, got 1$/],
      [calibrate(model, images, { heldOut: Number.NaN }), /^calibrate: heldOut: .* got NaN$/],
      [calibrate(model, images, { seed: -1 }), /seed: expected an integer from 0 .* got -1$/],
      [calibrate(model, zeros('f32', [0, 2, 9, 9])), /^calibrate: images: expected at least one image, got none$/],
      [calibrate(model, zeros('f32', [4, 3, 9, 9])), /^calibrate: images: expected \[2, 9, 9\] each, got \[3, 9, 9\]$/],
      [calibrate(model, zeros('f32', [2, 9, 9])), /images: expected shape \[images, channels, height, width\]/],
      [calibrate(model, nan), /^calibrate: images: expected finite values, got NaN/],
    ];
    for (const [promise, message] of refused) await expect(promise).rejects.toThrow(message);
  });
});
