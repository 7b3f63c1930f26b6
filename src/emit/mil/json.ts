/**
 * A Core ML program as JSON that loses nothing. What JSON has no number for is a text: "NaN", "Infinity", "-Infinity" and
 * "-0". An open size is null, bytes are hexadecimal, and whatever is absent in the records is absent here.
 */
import type { BlobRef, MilArgument, MilBlock, MilFunction, MilModel, MilTensorType, MilValue } from "./records.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The records of a model, with the hash of its data (SHA-256, hex) beside every reference into a weight file. */
export function milJson(
  model: MilModel,
  hashOf: (blob: BlobRef, type: MilTensorType) => string,
): { readonly [key: string]: Json } {
  const value = (x: MilValue): Json => {
    if ("blob" in x) return { type: plain(x.type), ...x.blob, sha256: hashOf(x.blob, x.type) };
    return { type: plain(x.type), data: Array.from<number | string, Json>(x.data, plain), ...hex(x.bytes) };
  };
  const argument = (x: MilArgument): Json => ("name" in x ? { name: x.name } : { value: value(x.value) });
  const block = ({ operations, ...rest }: MilBlock): { readonly [key: string]: Json } => ({
    ...mapped(rest, plain),
    operations: operations.map(({ inputs, value: own, blocks, ...op }) => ({
      ...mapped(op, plain),
      inputs: mapped(inputs, (list) => list.map(argument)),
      ...(own ? { value: value(own) } : {}),
      blocks: blocks.map(block),
    })),
  });
  const fn = ({ attributes, specializations, ...rest }: MilFunction): Json => ({
    ...block(rest),
    ...(attributes ? { attributes: mapped(attributes, value) } : {}),
    ...(specializations ? { specializations: mapped(specializations, block) } : {}),
  });
  const { functions, ...rest } = model;
  return { ...mapped(rest, plain), functions: functions.map(fn) };
}

const hex = (bytes: Uint8Array | undefined) => (bytes ? { bytes: Buffer.from(bytes).toString("hex") } : {});

/** A record without literals. */
function plain(x: unknown): Json {
  if (typeof x === "number") return Number.isFinite(x) && !Object.is(x, -0) ? x : Object.is(x, -0) ? "-0" : String(x);
  if (typeof x === "string" || typeof x === "boolean") return x;
  if (Array.isArray(x)) return Array.from(x, plain);
  return typeof x === "object" && x !== null ? mapped(x as Readonly<Record<string, unknown>>, plain) : null;
}

/** Keys come from files: `__proto__` is one like any other. */
function mapped<X, Y extends Json>(record: Readonly<Record<string, X>>, f: (x: X) => Y): { readonly [key: string]: Y } {
  const present = Object.entries(record).filter(([, x]) => x !== undefined);
  return Object.fromEntries(present.map(([key, x]) => [key, f(x)]));
}
