/** GGUF files in tests: whole ones, and such as break a rule. */

/** A value with its type's number, as a file has it. */
export type RawValue = readonly [type: number, bytes: Uint8Array];
export interface RawInfo {
  readonly name: string;
  /** As the file lists them: the fastest first. */
  readonly dims: readonly (number | bigint)[];
  readonly type: number;
  /** Where it begins among the data; behind the one before it, padded, when absent. */
  readonly offset?: number;
  readonly data: Uint8Array;
}
export interface RawGguf {
  readonly magic?: string;
  readonly version?: number;
  readonly alignment?: number;
  readonly metadata?: readonly (readonly [key: string, value: RawValue])[];
  readonly tensors?: readonly RawInfo[];
  /** Lies about how many there are. */
  readonly counts?: readonly [tensors: bigint, values: bigint];
}

export const u32 = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);
export const u64 = (n: number | bigint): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(n)).buffer);
export const text = (s: string): Uint8Array => Buffer.concat([u64(Buffer.byteLength(s)), Buffer.from(s)]);
export const whole = (n: number): RawValue => [4, u32(n)];
export const string = (s: string): RawValue => [8, text(s)];
export const listOf = (type: number, count: number | bigint, ...parts: readonly Uint8Array[]): RawValue => [
  9,
  Buffer.concat([u32(type), u64(count), ...parts]),
];

const padding = (n: number, alignment: number): Uint8Array => new Uint8Array((alignment - (n % alignment)) % alignment);

/** The bytes of a file. */
export function ggufBytes({
  magic = "GGUF",
  version = 3,
  alignment = 32,
  metadata = [],
  tensors = [],
  counts,
}: RawGguf): Buffer {
  let end = 0;
  const infos = tensors.map(({ name, dims, type, offset, data }) => {
    const begin = offset ?? end;
    end = begin + data.length + padding(begin + data.length, alignment).length;
    return Buffer.concat([text(name), u32(dims.length), ...dims.map(u64), u32(type), u64(begin)]);
  });
  const header = Buffer.concat([
    Buffer.from(magic),
    u32(version),
    u64(counts?.[0] ?? tensors.length),
    u64(counts?.[1] ?? metadata.length),
    ...metadata.map(([key, [type, bytes]]) => Buffer.concat([text(key), u32(type), bytes])),
    ...infos,
  ]);
  const data = tensors.flatMap(({ data }) => [data, padding(data.length, alignment)]);
  return Buffer.concat([header, padding(header.length, alignment), ...data]);
}
