/**
 * Labels that fit: shortened to a width, and moved apart along a line.
 *
 * Without a browser the width of text is estimated from the class of its characters; the estimate errs on the wide side.
 */

/** Average advance of a character, in em, of common interface fonts; measured ones are 0.50 to 0.56 for lower-case names. */
const narrowAdvance = 0.57;
const wideAdvance = 0.72;
const fullAdvance = 1.05;

/** Estimated width of a text, in the unit of the font size. */
export function textWidth(text: string, fontSize: number): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    width +=
      code >= 0x1100
        ? code === 0x202f
          ? narrowAdvance
          : fullAdvance
        : /[A-ZmwMW@%]/.test(character)
          ? wideAdvance
          : narrowAdvance;
  }
  return width * fontSize;
}

/**
 * The text, or its two ends around an ellipsis where it is wider than `width`; most of what is kept is the end, where
 * names of layers differ.
 */
export function shortenText(text: string, width: number, fontSize: number): string {
  if (textWidth(text, fontSize) <= width) return text;
  const characters = [...text];
  for (let kept = characters.length - 1; kept >= 2; kept--) {
    const head = Math.ceil(kept / 3);
    const short = `${characters.slice(0, head).join('')}…${characters.slice(characters.length - (kept - head)).join('')}`;
    if (textWidth(short, fontSize) <= width) return short;
  }
  return `${characters[0] ?? ''}…`;
}

/**
 * Positions at least `gap` apart and inside [low, high], near the wanted ones and in the same order.
 *
 * Labels that collide form a block around the mean of their wishes (pooling of adjacent violators, which is the
 * least-squares answer). When the interval is too short for all, the gap shrinks to what fits.
 * @param wanted - ascending
 */
export function spreadPositions(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const count = wanted.length;
  const room = count > 1 ? Math.min(gap, (high - low) / (count - 1)) : gap;
  const blocks: { sum: number; size: number }[] = [];
  wanted.forEach((position, i) => {
    const limit = Math.max(low, Math.min(high, position)) - i * room;
    blocks.push({ sum: limit, size: 1 });
    for (let last = blocks.at(-1), before = blocks.at(-2); last !== undefined && before !== undefined;) {
      if (before.sum / before.size <= last.sum / last.size) break;
      blocks.splice(-2, 2, { sum: before.sum + last.sum, size: before.size + last.size });
      last = blocks.at(-1);
      before = blocks.at(-2);
    }
  });
  const offsets = blocks.flatMap(({ sum, size }) => Array.from({ length: size }, () => sum / size));
  const top = high - (count - 1) * room;
  return offsets.map((offset, i) => Math.max(low, Math.min(top, offset)) + i * room);
}
