/** A growing array of bytes with the number formats of the WebAssembly binary format (Core Specification, §5.2). */

export interface ByteWriter {
  byte(value: number): void;
  bytes(values: Iterable<number>): void;
  /** Unsigned LEB128, up to 2^53. */
  unsigned(value: number): void;
  /** Signed LEB128. */
  signed(value: bigint): void;
  f32(value: number): void;
  f64(value: number): void;
  /** UTF-8 with its length in front. */
  name(text: string): void;
  /** What `write` writes, with its length in front. */
  sized(write: (inner: ByteWriter) => void): void;
  finish(): Uint8Array<ArrayBuffer>;
}

export function byteWriter(): ByteWriter {
  const buffer: number[] = [];
  const floats = new DataView(new ArrayBuffer(8));
  const writer: ByteWriter = {
    byte: (value) => void buffer.push(value & 0xff),
    bytes: (values) => {
      for (const value of values) buffer.push(value & 0xff);
    },
    unsigned: (value) => {
      let rest = value;
      while (rest >= 0x80) {
        buffer.push((rest % 0x80) | 0x80);
        rest = Math.floor(rest / 0x80);
      }
      buffer.push(rest);
    },
    signed: (value) => {
      let rest = value;
      // The last byte's bit 6 is the sign that the reader extends.
      while (rest < -0x40n || rest > 0x3fn) {
        buffer.push(Number(rest & 0x7fn) | 0x80);
        rest >>= 7n;
      }
      buffer.push(Number(rest & 0x7fn));
    },
    f32: (value) => {
      floats.setFloat32(0, value, true);
      for (let i = 0; i < 4; i++) buffer.push(floats.getUint8(i));
    },
    f64: (value) => {
      floats.setFloat64(0, value, true);
      for (let i = 0; i < 8; i++) buffer.push(floats.getUint8(i));
    },
    name: (text) => {
      const encoded = new TextEncoder().encode(text);
      writer.unsigned(encoded.length);
      writer.bytes(encoded);
    },
    sized: (write) => {
      const inner = byteWriter();
      write(inner);
      const written = inner.finish();
      writer.unsigned(written.length);
      writer.bytes(written);
    },
    finish: () => Uint8Array.from(buffer),
  };
  return writer;
}
