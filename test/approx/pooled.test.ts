import { approximate, approximateCalibrated, calibrate, verifyApproximation } from '@rankwise/approx';
import { DomainError } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { chainNetwork, imagesFor, quick } from './networks.ts';
import { failed, stored } from './verification.ts';

/** conv2 is read by a ReLU and a 2 × 2 max pool; conv3 and conv4 by none. */
const model = chainNetwork();
const images = imagesFor(model, 40);
const options = { ...quick, ranks: 'uniform', speedup: 2 } as const;

describe('pooled', () => {
  it('fits the layer in front of a pool by windows, the others as ever, and says so', async () => {
    const pooled = await approximate(model, images, { ...options, pooled: true });
    const single = await approximate(model, images, options);
    const windows = (report: typeof pooled.report): unknown => report.layers.map(({ name, window }) => [name, window]);
    expect(windows(pooled.report)).toEqual([['conv2', 4], ['conv3', 1], ['conv4', 1]]); // prettier-ignore
    expect(windows(single.report)).toEqual([['conv2', 1], ['conv3', 1], ['conv4', 1]]); // prettier-ignore
    expect([pooled.report.settings.pooled, single.report.settings.pooled]).toEqual([true, false]);
    // Eight positions are two windows of four.
    const calibration = await calibrate(model, images, { ...quick, pooled: true });
    expect(calibration.layers.map(({ positions: { perImage, window } }) => [perImage, window])).toEqual([
      [8, 4],
      [8, undefined],
      [8, undefined],
    ]);
    const layers = calibration.layers.slice(1).map(({ target }) => target);
    expect((await calibrate(model, images, quick)).layers.slice(1).map(({ target }) => target)).toEqual(layers);
  });

  it('is verified from the files like any other report', async () => {
    for (const decomposition of ['channel', '3d'] as const) {
      const { model: made, report } = await approximate(model, images, { ...options, decomposition, pooled: true });
      const verified = (claims: unknown): ReturnType<typeof verifyApproximation> =>
        verifyApproximation(model, made, images, { report: claims, fit: true });
      expect(failed(await verified(stored(report)))).toEqual([]);
      // Single positions are others, and so are the errors on them.
      const settings = { ...report.settings, pooled: false };
      expect(failed(await verified(stored({ ...report, settings })))).toContain('conv2: window');
    }
  });

  it.each([
    ['a descent', { descent: 2 }, 'a descent of 2'],
    ['a spatial split', { decomposition: 'spatial' }, "the decomposition 'spatial'"],
  ] as const)('is refused with %s, before any image is read', async (_, more, got) => {
    const message = `pooled: expected false where no alternation has the last word, got true and ${got}`;
    const asked = approximate(model, images, { ...options, ...more, speedup: 1.3, pooled: true });
    await expect(asked).rejects.toThrow(new DomainError(`approximate: ${message}`));
    const calibration = await calibrate(model, images, { ...quick, pooled: true });
    await expect(approximateCalibrated(calibration, { ...options, ...more, speedup: 1.3 })).rejects.toThrow(message);
  });
});
