/**
 * Constants that do not lie in the machine's one memory: each has a buffer of its own, or is read from its file, and is brought into a
 * staging area for the step that reads it. The bits are the same, and a copy costs little beside a product over it.
 */
import { sizeOf, type TensorType } from "../../dsl/type.ts";
import type { Place } from "../kernels/kernel.ts";
import { align } from "../kernels/machine.ts";
import type { Elements, TypedStore } from "../kernels/raw.ts";

/** Where a value's contents are: in the machine's memory, or outside, where its address means nothing. */
export interface Held extends Place {
  readonly store: TypedStore;
  readonly where: Where;
}

/** In the machine's memory, in a buffer, or in a file, where there are no `data` until they are brought. */
export type Where =
  | { readonly kind: "inside" }
  | { readonly kind: "buffer" }
  | { readonly kind: "file"; readonly read: ReadInto };

/** Fills bytes with a weight's contents, which can be had again at any time. */
export type ReadInto = (bytes: Uint8Array) => void;

/** Contents in a buffer of their own. */
export function heldOutside(type: TensorType, store: TypedStore): Held {
  const length = sizeOf(type.shape);
  const data = store.view(new ArrayBuffer(length * store.bytes), 0, length);
  return { ...type, at: 0, store, where: { kind: "buffer" }, data };
}

/** Contents in a file. */
export const heldInFile = (type: TensorType, store: TypedStore, read: ReadInto): Held => ({
  ...{ ...type, at: 0, store, where: { kind: "file", read } },
  data: store.view(new ArrayBuffer(0), 0, 0),
});

/** Contents from wherever they are; a buffer of its own for those from a file. */
export function contentsOf({ data, where, store, shape }: Held): Elements {
  if (where.kind !== "file") return data;
  const length = sizeOf(shape);
  const bytes = new Uint8Array(length * store.bytes);
  where.read(bytes);
  return store.view(bytes.buffer, 0, length);
}

/** A step's values in the machine's memory, and the copies that bring those from outside in, or back out. */
export interface Staged {
  readonly places: readonly Place[];
  readonly copies: readonly (() => void)[];
}

/** Bytes of staging that such values take together. */
export const stagedBytes = (bytes: readonly number[]): number => bytes.reduce((sum, n) => sum + align(n), 0);

/** Places in the memory for all of them; those from outside get one in the staging area, one after another. */
export function staged(held: readonly Held[], buffer: ArrayBufferLike, staging: number): Staged {
  const copies: (() => void)[] = [];
  let next = staging;
  const places = held.map((x): Place => {
    if (x.where.kind === "inside") return x;
    const [at, data] = [next, x.store.view(buffer, next, sizeOf(x.shape))];
    next += align(data.byteLength);
    copies.push(bringing(x, data));
    return { ...x, at, data };
  });
  return { places, copies };
}

function bringing({ data, where }: Held, inside: Elements): () => void {
  if (where.kind !== "file") return () => inside.set(data);
  const bytes = new Uint8Array(inside.buffer, inside.byteOffset, inside.byteLength);
  return () => where.read(bytes);
}
