/**
 * From a seed, or a state and a label, to the 128 bits of state that a stream starts with.
 *
 * splitmix32 is a counter that moves by the odd constant 2^32 / φ, each value passed through the finaliser of MurmurHash3
 * (`mix`), a bijection of 32-bit words: the sequence visits every word once before it repeats. A seed's low 32 bits start the
 * counter; its high bits join after two words, so that words 0 and 2 determine the seed and no two seeds share a state.
 *
 * References: G. L. Steele, D. Lea, C. H. Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014, section 5
 * (the 64-bit original); A. Appleby, MurmurHash3 (2011), fmix32.
 */

/** Four integers from 0 to 2^32 − 1, not all 0. */
export type RandomWords = readonly [number, number, number, number];

/** 2^32 / φ rounded to odd, with φ the golden ratio. */
const GOLDEN = 0x9e3779b9;

/** First words of a label's message: a number and a string that look alike are different labels. */
const NUMBER_LABEL = 1;
const STRING_LABEL = 2;

export function isSeed(seed: number): boolean {
  return Number.isSafeInteger(seed) && seed >= 0;
}

/** The state for a seed, which has been checked with isSeed. */
export function seedState(seed: number): RandomWords {
  const low = seed >>> 0;
  const high = Math.floor(seed / 2 ** 32);
  // mix(x) is 0 for x = 0 only, and words 0 and 1 come from different counters: they are never both 0.
  return [
    mix(low + GOLDEN),
    mix(low + Math.imul(GOLDEN, 2)),
    mix(low + high + Math.imul(GOLDEN, 3)),
    mix(low + high + Math.imul(GOLDEN, 4)),
  ];
}

/**
 * The state of the stream that `origin` and a label name together: each word of the origin absorbs the label's words one by
 * one, with a different constant for each of the four.
 */
export function forkState(origin: RandomWords, label: string | number): RandomWords {
  const message = labelWords(label);
  const absorb = (word: number, lane: number): number => {
    let hash = mix(word + Math.imul(GOLDEN, lane));
    for (const part of message) hash = mix((hash ^ part) + Math.imul(GOLDEN, lane));
    return hash;
  };
  const [s0, s1, s2, s3] = origin;
  const words: RandomWords = [absorb(s0, 1), absorb(s1, 2), absorb(s2, 3), absorb(s3, 4)];
  return words.some((word) => word !== 0) ? words : [1, 0, 0, 0];
}

function labelWords(label: string | number): number[] {
  if (typeof label === 'number') return [NUMBER_LABEL, label >>> 0, Math.floor(label / 2 ** 32)];
  const units = Array.from({ length: label.length }, (_, i) => label.charCodeAt(i));
  return [STRING_LABEL, label.length, ...units];
}

/** fmix32 of MurmurHash3: a bijection of the 32-bit words. */
function mix(word: number): number {
  let hash = word | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
