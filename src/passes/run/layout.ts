/** Where the constants of an executor's plans lie, its staging area and the arena; how much memory that takes. */

import { largest } from "../../dsl/number.ts";
import { isConstant } from "../../dsl/operands.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import type { TensorType } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { WeightSource } from "../../dsl/weight-source.ts";
import { align, dataAddress, MOST_MACHINE, machineBytes } from "../kernels/machine.ts";
import { type ConstantKeys, newConstantKeys } from "./constants.ts";
import { type ReadInto, stagedBytes } from "./held.ts";
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
  /** Of the constants outside, those that are read when a step needs them. */
  readonly files: ReadonlyMap<number, ReadInto>;
  readonly staging: number;
  readonly arena: number;
  readonly data: number;
  readonly scratch: number;
  /** Bytes of the constants outside. */
  readonly outside: number;
}

/** What decides it besides the plans. */
export interface LayoutOptions {
  /** 1 or 2 threads give the same bits; a run has 1 when absent. */
  readonly threads: number;
  /** Bytes of a machine's memory at most; what WebAssembly allows when absent. */
  readonly most?: number | undefined;
  /** Weights that it can read are not held in memory, but read for each step that needs them. */
  readonly fromFile?: WeightFiles | undefined;
  /** The hashes of packages' weights are known: equal bytes of two files are loaded once. */
  readonly hashed?: boolean | undefined;
}

/** What reads a weight from where it is stored as it is held in memory; undefined for one that cannot be had so. */
export type WeightFiles = (source: WeightSource, type: TensorType) => ReadInto | undefined;

/** Smaller weights are not worth a read for each step: gains, scales, tables. */
const LEAST_IN_FILE = 2048;

/** Constants lie in the machine's memory where all that stays fits into one, and outside where it does not. */
export function layoutOf(
  plans: readonly Plan[],
  { threads, most = MOST_MACHINE, fromFile, hashed }: LayoutOptions,
): DataLayout {
  const keyOf = newConstantKeys(hashed);
  const { files, sizes } = divided(plans, keyOf, fromFile);
  const stagingFor = (isStaged: (key: number) => boolean) => {
    const rooms = plans.map((plan) => stagingOf(plan, (x) => isStaged(keyOf(x, plan.precision))));
    return largest(rooms, 0);
  };
  const all = stagedBytes([...sizes.values()]);
  const room = stagingFor((key) => files.has(key));
  const inside = placed(plans, threads, { bytes: room + all, keyOf });
  const addresses = new Map<number, number | undefined>([...files.keys()].map((key) => [key, undefined]));
  if (machineBytes({ ...inside, threads }) <= most) {
    let next = inside.staging + room;
    for (const [key, bytes] of sizes) {
      addresses.set(key, next);
      next += bytes;
    }
    return { ...inside, constants: addresses, files, outside: 0 };
  }
  for (const key of sizes.keys()) addresses.set(key, undefined);
  const outside = placed(plans, threads, { bytes: stagingFor(() => true), keyOf });
  return { ...outside, constants: addresses, files, outside: all };
}

/** The constants that are read when they are needed, and the bytes of those that stay. */
function divided(plans: readonly Plan[], keyOf: ConstantKeys, fromFile: WeightFiles | undefined) {
  const [files, sizes] = [new Map<number, ReadInto>(), new Map<number, number>()];
  for (const { constants, precision } of plans)
    for (const value of constants) {
      const [{ def, type }, key, bytes] = [value, keyOf(value, precision), bytesOfValue(value, precision)];
      const read = bytes < LEAST_IN_FILE || def.kind !== "weight" ? undefined : fromFile?.(def.source, type);
      if (read) files.set(key, read);
      else sizes.set(key, bytes);
    }
  return { files, sizes };
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
function stagingOf(plan: Plan, isStaged: (constant: Tensor) => boolean): number {
  const { owners, precision } = plan;
  const bytes = (values: readonly Tensor[]) =>
    stagedBytes(
      values
        .map((x) => owners.get(x)!)
        .filter((x) => isConstant(x) && isStaged(x))
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
