/**
 * Constants that do not fit into the machine's one memory: each lies in a buffer of its own, and is brought into a
 * staging area for the step that reads it. The bits are the same, and a copy costs little beside a product over it.
 */
import { sizeOf, type TensorType } from "../../dsl/type.ts";
import type { Place } from "../kernels/kernel.ts";
import { align } from "../kernels/machine.ts";
import type { Elements, TypedStore } from "../kernels/raw.ts";

/** Where a value's contents are: in the machine's memory, or outside, where its address means nothing. */
export interface Held extends Place {
  readonly store: TypedStore;
  readonly outside: boolean;
}

/** Contents in a buffer of their own. */
export function heldOutside(type: TensorType, store: TypedStore): Held {
  const length = sizeOf(type.shape);
  return { ...type, at: 0, store, outside: true, data: store.view(new ArrayBuffer(length * store.bytes), 0, length) };
}

/** A step's values in the machine's memory, and the copies that bring those from outside in, or back out. */
export interface Staged {
  readonly places: readonly Place[];
  readonly copies: readonly (readonly [outside: Elements, inside: Elements])[];
}

/** Bytes of staging that such values take together. */
export const stagedBytes = (bytes: readonly number[]): number => bytes.reduce((sum, n) => sum + align(n), 0);

/** Places in the memory for all of them; those from outside get one in the staging area, one after another. */
export function staged(held: readonly Held[], buffer: ArrayBufferLike, staging: number): Staged {
  const copies: [Elements, Elements][] = [];
  let next = staging;
  const places = held.map((x): Place => {
    if (!x.outside) return x;
    const [at, data] = [next, x.store.view(buffer, next, x.data.length)];
    next += align(x.data.byteLength);
    copies.push([x.data, data]);
    return { ...x, at, data };
  });
  return { places, copies };
}
