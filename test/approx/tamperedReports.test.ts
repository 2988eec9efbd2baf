import { describe, expect, it } from 'vitest';
import { verifyApproximation } from '@rankwise/approx';
import type { ApproximationReport } from '@rankwise/approx';
import { chainNetwork, imagesFor, residualNetwork } from './networks.ts';
import { claimsOf, failed, made, stored } from './verification.ts';

describe('a report that was tampered with', () => {
  /** Paths of all leaves: `layers.0.error.fit`. */
  function leaves(value: unknown, path = ''): string[] {
    if (typeof value !== 'object' || value === null) return [path];
    return Object.entries(value).flatMap(([key, field]) => leaves(field, path === '' ? key : `${path}.${key}`));
  }

  /** A copy with one leaf changed: numbers by a fiftieth and a bit, flags turned, texts lengthened. */
  function changed(report: Record<string, unknown>, path: string): Record<string, unknown> {
    const copy = structuredClone(report);
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    // Every key but the last leads to an object or a list, as leaves found them.
    const holder = keys.reduce<Record<string, unknown>>((sum, key) => sum[key] as Record<string, unknown>, copy);
    const value = holder[last];
    holder[last] =
      typeof value === 'number' ? changedNumber(value) : typeof value === 'boolean' ? !value : swapped(String(value));
    return copy;
  }

  const changedNumber = (value: number): number => (Number.isInteger(value) ? value + 1 : value * 1.02);

  /** Every word becomes another that may stand in its place. */
  const others = new Map([
    ['linear', 'nonlinear'],
    ['nonlinear', 'linear'],
    ['symmetric', 'asymmetric'],
    ['asymmetric', 'symmetric'],
    ['channel', '3d'],
    ['3d', 'spatial'],
    ['spatial', 'channel'],
  ]);
  const swapped = (word: string): string => others.get(word) ?? `${word}!`;

  /** What no file can tell, and a reader is told so. */
  const untold =
    /^(seconds|layers\.\d+\.(seconds|trace\..*|linearError\..*|spectrum\.\d+)|warnings\.\d+|settings\.(solver|ranks|requestedSpeedup)|measured\.(kernels|threads|features\.\d+|images)|digests\.images|settings\.availableImages)$/;

  it('is refuted, whichever of its figures was changed', async () => {
    const { original, model, report } = await made(chainNetwork(), { measure: true });
    const images = imagesFor(original, 40);
    const honest = stored(report);
    const paths = leaves(honest).filter((path) => !untold.test(path));
    expect(paths.length).toBeGreaterThan(60);
    const unseen: string[] = [];
    for (const path of paths) {
      const verification = verifyApproximation(original, model, images, { report: changed(honest, path), fit: true });
      const caught = await verification.then(
        ({ refuted }) => refuted,
        (error: unknown) => error instanceof Error && error.name === 'FormatError',
      );
      if (!caught) unseen.push(path);
    }
    expect(unseen).toEqual([]);
  });

  it.each(['3d', 'spatial'] as const)(
    'is refuted, whichever figure of a layer was changed (%s)',
    async (decomposition) => {
      const speedup = decomposition === 'spatial' ? 1.3 : 2;
      const { original, model, report } = await made(chainNetwork(), { decomposition, speedup });
      const honest = stored(report);
      const paths = leaves(honest).filter(
        (path) => /^(layers\.0\.|theoretical|settings)/.test(path) && !untold.test(path),
      );
      const unseen: string[] = [];
      for (const path of paths) {
        const options = { report: changed(honest, path), fit: true };
        const verification = verifyApproximation(original, model, imagesFor(original, 40), options);
        const caught = await verification.then(
          ({ refuted }) => refuted,
          (error: unknown) => error instanceof Error && error.name === 'FormatError',
        );
        if (!caught) unseen.push(path);
      }
      // The split below a map of its own is in neither file.
      const told = decomposition === '3d' ? ['layers.0.spatialError.fit', 'layers.0.spatialError.heldOut'] : [];
      expect(unseen).toEqual(told);
    },
  );

  it.each(['macs', 'parameters'] as const)('is refuted where it says how ranks were found (%s)', async (budget) => {
    const { original, model, report } = await made(chainNetwork(), { ranks: 'best', evaluations: 4, budget });
    const images = imagesFor(original, 40);
    const honest = stored(report);
    const verified = (claims: unknown): ReturnType<typeof verifyApproximation> =>
      verifyApproximation(original, model, images, { report: claims });
    expect(failed(await verified(honest))).toEqual([]);
    const paths = leaves(honest).filter((path) => /^rankSelection\.(cost|objective)/.test(path));
    for (const path of paths) {
      const refuted = await verified(changed(honest, path)).then(
        (found) => found.refuted,
        (error: unknown) => error instanceof Error && error.name === 'FormatError',
      );
      expect([path, refuted]).toEqual([path, true]);
    }
    const { candidates, judges } = report.rankSelection;
    expect(candidates.length).toBeGreaterThan(1);
    expect(judges).toBeGreaterThan(0);
    // A candidate with other ranks that would have been better.
    const better = { origin: 'search' as const, ranks: { ...candidates[0]?.ranks, conv2: 1 }, score: -1 };
    const forged = { ...report, rankSelection: { ...report.rankSelection, candidates: [...candidates, better] } };
    expect(failed(await verified(stored(forged)))).toEqual(['ranks are the best tried']);
    const nameless = { ...forged.rankSelection, candidates: [...candidates, { ...better, ranks: {} }] };
    expect(failed(await verified(stored({ ...report, rankSelection: nameless })))).toEqual([
      'ranks are the best tried',
    ]);
    const unjudged = { ...report, rankSelection: { ...report.rankSelection, judges: 0 } };
    expect(failed(await verified(stored(unjudged)))).toEqual(['judges of ranks']);
  });

  it('is refuted figure by figure: the claim that was changed is the one that is named', async () => {
    const { original, model, report } = await made(chainNetwork());
    const images = imagesFor(original, 40);
    const named = async (path: string): Promise<string[]> =>
      failed(await verifyApproximation(original, model, images, { report: changed(stored(report), path) }));
    expect(await named('layers.0.macsAfter')).toEqual(['conv2: multiply-adds after']);
    expect(await named('layers.1.effectiveRank')).toEqual(['conv3: rank']);
    expect(await named('layers.1.error.heldOut')).toEqual(['conv3: held-out error']);
    expect(await named('theoretical.speedup')).toEqual(['speed-up']);
    expect(await named('digests.approximated')).toEqual(['approximated (SHA-256)']);
    expect(await named('outputError')).toEqual(['output error']);
    expect(await named('settings.seed')).toEqual(['held-out images (SHA-256)']);
    expect(await named('settings.reconstruction')).not.toEqual([]);
  });

  it('is not refuted by what cannot be told, which is said', async () => {
    const { original, model, report } = await made(chainNetwork());
    const images = imagesFor(original, 40);
    for (const path of ['digests.images', 'settings.availableImages', 'settings.ranks']) {
      const verification = await verifyApproximation(original, model, images, {
        report: changed(stored(report), path),
      });
      expect(failed(verification)).toEqual([]);
      const reasons = claimsOf(verification).flatMap(({ verdict, why }) => (verdict === 'unchecked' ? [why] : []));
      expect(reasons).not.toContain(null);
    }
  });

  it('is refuted where a layer is missing, is one too many, or is of another network', async () => {
    const { original, model, report } = await made(chainNetwork());
    const images = imagesFor(original, 40);
    const verify = async (layers: ApproximationReport['layers']): Promise<string[]> =>
      failed(await verifyApproximation(original, model, images, { report: stored({ ...report, layers }) }));
    expect(await verify(report.layers.slice(1))).toContain('conv2: layer');
    const [first] = report.layers;
    if (first === undefined) throw new Error('no layer');
    expect(await verify([...report.layers, { ...first, name: 'conv9' }])).toContain('conv9: layer');
    const other = await made(residualNetwork());
    const crossed = await verifyApproximation(original, model, images, { report: stored(other.report) });
    expect(failed(crossed)).toEqual(
      expect.arrayContaining(['model', 'original (SHA-256)', 'approximated (SHA-256)', 'conv2: multiply-adds before']),
    );
  });
});
