/** Where the constants of an executor's plans lie, its staging area and the arena; how much memory that takes. */

import { largest } from "../../dsl/number.ts";
import { isConstant } from "../../dsl/operands.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { UserError } from "../../dsl/user-error.ts";
import { align, dataAddress, MOST_MACHINE, machineBytes } from "../kernels/machine.ts";
import { type ConstantKeys, newConstantKeys } from "./constants.ts";
import { stagedBytes } from "./held.ts";
import { bytesOfValue, type Plan } from "./plan.ts";
import { keptStates } from "./states.ts";

/** Addresses in the machine's data: workspace, states that stay, constants or a staging area for them, and one arena that all plans use in turn. */
export interface DataLayout {
  readonly workspace: number;
  /** By name. */
  readonly states: ReadonlyMap<string, number>;
  readonly keyOf: ConstantKeys;
  /** By key; undefined for constants that lie outside. */
  readonly constants: ReadonlyMap<number, number | undefined>;
  readonly staging: number;
  readonly arena: number;
  readonly data: number;
  readonly scratch: number;
  /** Bytes of the constants outside. */
  readonly outside: number;
}

/** What decides it besides the plans. */
export interface LayoutOptions {
  readonly threads: number;
  /** Bytes of a machine's memory at most; what WebAssembly allows when absent. */
  readonly most?: number | undefined;
}

/** Constants lie in the machine's memory where all of it fits into one, and outside where it does not. */
export function layoutOf(plans: readonly Plan[], { threads, most = MOST_MACHINE }: LayoutOptions): DataLayout {
  const keyOf = newConstantKeys();
  const sizes = new Map<number, number>();
  for (const plan of plans)
    for (const value of plan.constants) sizes.set(keyOf(value, plan.precision), bytesOfValue(value, plan.precision));
  const all = stagedBytes([...sizes.values()]);
  const inside = placed(plans, threads, { bytes: all, keyOf });
  if (machineBytes({ ...inside, threads }) <= most) {
    let next = inside.staging;
    const addresses = [...sizes].map(([key, bytes]): [number, number] => {
      next += bytes;
      return [key, next - bytes];
    });
    return { ...inside, constants: new Map(addresses), outside: 0 };
  }
  const outside = placed(plans, threads, { bytes: largest(plans.map(stagingOf), 0), keyOf });
  return { ...outside, constants: new Map([...sizes.keys()].map((key) => [key, undefined])), outside: all };
}

function placed(plans: readonly Plan[], threads: number, { bytes, keyOf }: { bytes: number; keyOf: ConstantKeys }) {
  const scratch = largest(plans.map((p) => p.scratch));
  const workspace = dataAddress({ scratch, threads });
  const states = new Map<string, number>();
  let staging = workspace + align(largest(plans.map((p) => p.workspace)));
  for (const [name, size] of keptStates(plans)) {
    states.set(name, staging);
    staging += size;
  }
  const arena = staging + bytes;
  return {
    workspace,
    states,
    keyOf,
    staging,
    arena,
    scratch,
    data: arena + largest(plans.map((p) => p.arena)) - workspace,
  };
}

/** The most that the constants of one step take, its result where that is one, or one constant alone. */
function stagingOf(plan: Plan): number {
  const { owners, precision } = plan;
  const bytes = (values: readonly Tensor[]) =>
    stagedBytes(
      values
        .map((x) => owners.get(x)!)
        .filter(isConstant)
        .map((x) => bytesOfValue(x, precision)),
    );
  const steps = [...plan.steps, ...plan.folded].map(({ value, operands }) => bytes([...operands, value]));
  return largest([...steps, ...plan.constants.map((x) => bytes([x]))], 0);
}

/** Bytes of a machine, and of all that lies beside it. */
export interface MemorySizes {
  readonly machine: number;
  readonly outside: number;
}

/** What a layout comes to. */
export const sizesOf = ({ data, scratch, outside }: DataLayout, threads: number): MemorySizes => ({
  machine: machineBytes({ data, scratch, threads }),
  outside,
});

/** @throws UserError where what is alive at one time is more than a machine's memory */
export function checkMachine(bytes: number, most: number = MOST_MACHINE): void {
  if (bytes <= most) return;
  throw new UserError(
    `what one call holds at one time, weights aside, takes ${gigabytes(bytes)} GB, and a WebAssembly memory has ${gigabytes(most)} GB at most`,
    "lower --max-seq, --tokens or --layers, whichever the graph has",
  );
}

const gigabytes = (n: number): string => (n / 1e9).toFixed(1);
