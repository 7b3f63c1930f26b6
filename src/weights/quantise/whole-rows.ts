/** The rows of a stream of fp16 elements, whole: a chunk may end within one. */

const NOTHING = new Uint8Array(0);

/** Bit patterns of one or more rows of `width` elements at a time, in the chunk's own memory where it holds whole rows: until the next are asked for. */
export async function* wholeRows(chunks: AsyncIterable<Uint8Array>, width: number): AsyncGenerator<Uint16Array> {
  let rest = NOTHING;
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % (2 * width));
    if (whole > 0) yield patternsOf(bytes.subarray(0, whole));
    rest = whole === bytes.length ? NOTHING : new Uint8Array(bytes.subarray(whole));
  }
}

/** A piece that begins at an odd byte is copied. */
function patternsOf(bytes: Uint8Array): Uint16Array {
  const own = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint16Array(own.buffer, own.byteOffset, own.length / 2);
}
