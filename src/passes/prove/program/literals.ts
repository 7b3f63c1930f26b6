/** Constants and attributes as text that tells any two apart. */
import { createHash } from "node:crypto";

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
