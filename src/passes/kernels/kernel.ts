/** What a kernel is: one op value's work on stored operands, when it applies. */
import type { OpDef } from "../../dsl/tensor.ts";
import type { TensorType } from "../../dsl/type.ts";
import type { CompileOptions } from "./code/compile.ts";
import type { Machine } from "./machine.ts";
import type { Elements } from "./raw.ts";

/** A value in the machine's memory. */
export interface Place extends TensorType {
  /** Its address in bytes. */
  readonly at: number;
  readonly data: Elements;
  /** Whether all its elements are finite, where that is known for good (weights). */
  readonly finite?: boolean;
}

/** What runs one op value; its sizes are known before anything is allocated. */
export interface Kernel {
  /** Bytes that it needs besides its operands and result while it runs. */
  readonly workspace: number;
  /** Bytes that each thread needs for itself. */
  readonly scratch: number;
  /** Operands that the result may be written over: each element is read before it is written, and not again. */
  readonly overwrites?: readonly number[];
  /** Operands in the order of `operandsOf`; `workspace` is an address. */
  run(machine: Machine, out: Place, operands: readonly Place[], workspace: number): void;
}

/** The kernel for an op value, or undefined when it has none for these types and attributes. */
export type KernelOf = (def: OpDef, type: TensorType, options: CompileOptions) => Kernel | undefined;
