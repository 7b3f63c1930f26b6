/** Constants, attributes and stored values as text that tells any two apart. */
import { createHash } from "node:crypto";
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import type { PlaceOf } from "../reading/leaves.ts";

/** Numbers that JSON has no form for are told apart as well. */
export const exactly = (_: string, x: unknown): unknown =>
  typeof x === "number" && (!Number.isFinite(x) || Object.is(x, -0)) ? `number ${Object.is(x, -0) ? "-0" : x}` : x;

const hashes = new WeakMap<ArrayLike<number>, string>();

/** SHA-256 of the numbers of a constant. */
export function hashOfNumbers(data: ArrayLike<number>): string {
  const known = hashes.get(data as never);
  if (known) return known;
  const text = createHash("sha256").update(Float64Array.from(data)).digest("hex");
  hashes.set(data as never, text);
  return text;
}

/** What a value is that is made of stored numbers alone: equal texts hold equal numbers. */
export function storedText({ def, type }: Tensor, placeOf: PlaceOf): string {
  const of = `${type.dtype}[${type.shape}]`;
  switch (def.kind) {
    case "weight": {
      const { base, offset } = placeOf(def.source, type);
      return `${of} ${offset} ${JSON.stringify(base)}`;
    }
    case "const":
      return `${of} ${hashOfNumbers(def.data)}`;
    case "op":
      return `${of} ${def.op} ${JSON.stringify(def.attrs, exactly)} (${operandsOf(def).map((x) => storedText(x, placeOf))})`;
    default:
      return `${of} ${def.kind} ${JSON.stringify(def.name)}`;
  }
}
