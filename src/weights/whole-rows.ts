/** The rows of a stream of fp16 elements, whole: a chunk may end within one. */

/** Bit patterns of one or more rows of `width` elements at a time, in memory of their own. */
export async function* wholeRows(chunks: AsyncIterable<Uint8Array>, width: number): AsyncGenerator<Uint16Array> {
  let rest = new Uint8Array(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % (2 * width));
    // A Buffer's slice would be a view of memory that others share.
    if (whole > 0) yield new Uint16Array(new Uint8Array(bytes.subarray(0, whole)).buffer);
    rest = new Uint8Array(bytes.subarray(whole));
  }
}
