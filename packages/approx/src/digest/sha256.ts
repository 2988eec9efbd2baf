/**
 * SHA-256 (FIPS 180-4, §5.3.3 and §6.2.2), fed piece by piece: by it a report names the very networks and images it is about.
 *
 *   the message, a 1 bit, zeros and its length in bits are cut into blocks of 512 bits; each block changes eight words of 32 bits
 *
 * | symbol | here       | meaning                                                                         |
 * |--------|------------|---------------------------------------------------------------------------------|
 * | H      | state      | eight words; first the fraction bits of the square roots of the first 8 primes  |
 * | K      | constants  | 64 words, the fraction bits of the cube roots of the first 64 primes            |
 * | W      | schedule   | the block's 16 words and 48 made of them                                        |
 *
 * In TypeScript because engines offer their own only asynchronously, whole message at once, and some not at all. Cost: 64 rounds for
 * 64 bytes, some 80 MB a second.
 */

export interface Sha256 {
  /** Takes the next bytes; where they are cut does not matter. */
  update(bytes: Uint8Array): void;
  /** The digest of all bytes so far, 64 hexadecimal digits. More bytes may follow. */
  digest(): string;
}

const blockBytes = 64;
const lengthBytes = 8;
const rounds = 64;

const primes = firstPrimes(rounds);
const constants = Int32Array.from(primes, (prime) => fractionBits(prime, 3));
const initialState = Int32Array.from(primes.slice(0, 8), (prime) => fractionBits(prime, 2));

/**
 * The SHA-256 digest of some bytes, in hexadecimal.
 * @example
 * import { sha256 } from '@rankwise/approx';
 * sha256(new Uint8Array(0)).slice(0, 16) // => 'e3b0c44298fc1c14'
 */
export function sha256(bytes: Uint8Array): string {
  const hash = createSha256();
  hash.update(bytes);
  return hash.digest();
}

/**
 * A digest that is fed piece by piece.
 * @example
 * import { createSha256, sha256 } from '@rankwise/approx';
 * const hash = createSha256();
 * hash.update(new Uint8Array([1, 2]));
 * hash.update(new Uint8Array([3]));
 * hash.digest() === sha256(new Uint8Array([1, 2, 3])) // => true
 */
export function createSha256(): Sha256 {
  const state = Int32Array.from(initialState);
  const schedule = new Int32Array(rounds);
  const pending = new Uint8Array(blockBytes);
  let length = 0;
  return {
    update: (bytes) => {
      let read = 0;
      const held = length % blockBytes;
      length += bytes.length;
      if (held > 0) {
        read = Math.min(blockBytes - held, bytes.length);
        pending.set(bytes.subarray(0, read), held);
        if (held + read < blockBytes) return;
        digestBlockInPlace(state, schedule, pending, 0);
      }
      for (; read + blockBytes <= bytes.length; read += blockBytes) digestBlockInPlace(state, schedule, bytes, read);
      pending.set(bytes.subarray(read));
    },
    digest: () => {
      const last = Int32Array.from(state);
      const tail = paddedTail(pending.subarray(0, length % blockBytes), length);
      for (let at = 0; at < tail.length; at += blockBytes) digestBlockInPlace(last, schedule, tail, at);
      return Array.from(last, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
    },
  };
}

/** The bytes of the last block or two: what was left over, a 1 bit, zeros, and the message's length in bits, big-endian. */
function paddedTail(rest: Uint8Array, length: number): Uint8Array {
  const blocks = rest.length + 1 + lengthBytes > blockBytes ? 2 : 1;
  const tail = new Uint8Array(blocks * blockBytes);
  tail.set(rest);
  tail[rest.length] = 0x80;
  const view = new DataView(tail.buffer);
  view.setUint32(tail.length - 8, Math.floor(length / 2 ** 29));
  view.setUint32(tail.length - 4, (length * 8) >>> 0);
  return tail;
}

/** One block of `bytes`, from `start` on; every index lies within the arrays. */
function digestBlockInPlace(state: Int32Array, schedule: Int32Array, bytes: Uint8Array, start: number): void {
  for (let t = 0, at = start; t < 16; t++, at += 4) {
    schedule[t] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
  for (let t = 16; t < rounds; t++) {
    const w15 = schedule[t - 15]!;
    const w2 = schedule[t - 2]!;
    const small0 = rotated(w15, 7) ^ rotated(w15, 18) ^ (w15 >>> 3);
    const small1 = rotated(w2, 17) ^ rotated(w2, 19) ^ (w2 >>> 10);
    schedule[t] = (small1 + schedule[t - 7]! + small0 + schedule[t - 16]!) | 0;
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let t = 0; t < rounds; t++) {
    const large1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + large1 + choice + constants[t]! + schedule[t]!) | 0;
    const large0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + large0 + majority) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}

function rotated(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

/** The first 32 bits of the fraction of a prime's square or cube root: ⌊2³² p^(1/power)⌋ mod 2³², by exact integer roots. */
function fractionBits(prime: number, power: 2 | 3): number {
  const scaled = BigInt(prime) << BigInt(32 * power);
  let root = 0n;
  // The root of the largest of them, 311, is below 2⁵ · 2³²; each bit is kept if the power stays within.
  for (let bit = 36n; bit >= 0n; bit--) {
    const larger = root | (1n << bit);
    if (larger ** BigInt(power) <= scaled) root = larger;
  }
  return Number(BigInt.asIntN(32, root));
}

function firstPrimes(count: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate++) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  }
  return found;
}
