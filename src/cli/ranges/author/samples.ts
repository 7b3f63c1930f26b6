/** What values of an author's graph reach on sample inputs: random blocks that share their caches, in double precision. */

import { checkMemory } from "../../../api/memory.ts";
import type { Graph } from "../../../dsl/graph.ts";
import { fp16Value, roundFp16 } from "../../../dsl/number.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { sizeOf } from "../../../dsl/type.ts";
import type { RawArray } from "../../../passes/kernels/raw.ts";
import { exactly, lengthsAlong } from "../../../passes/ranges/graph/region.ts";
import { planOf } from "../../../passes/run/plan.ts";
import { prepare } from "../../../passes/run/run.ts";
import type { Args } from "../../options/command.ts";
import type { OpenPair } from "../../subject/pair.ts";
import { BLOCKS, blockInputs, type FedPair } from "../../survey/rows.ts";

/** What is given of an input: its largest element, and the lengths of its rows along axes. */
export interface InputBound {
  readonly most: number;
  readonly norms: readonly { readonly axis: number; readonly most: number }[];
}

/** The largest |x| of every value, on so many blocks of inputs that are made as small as their bounds say. @throws UserError when there is no memory or no room */
export async function sampled(
  pair: Pick<OpenPair, "openWeights"> & FedPair,
  given: ReadonlyMap<string, InputBound>,
  args: Args,
  blocks = BLOCKS,
): Promise<ReadonlyMap<Tensor, number>> {
  const plan = planOf(pair.block, { precision: "fp64" });
  checkMemory([plan], "this run");
  const store = await pair.openWeights();
  const most = new Map<Tensor, number>();
  const see = (value: Tensor, { data }: RawArray): void => {
    let own = most.get(value) ?? 0;
    for (let k = 0; k < data.length; k++) own = Math.max(own, Math.abs(data[k]!));
    most.set(value, own);
  };
  try {
    const executor = await prepare([plan], store.stream);
    try {
      let states = emptyStates(pair.block);
      for (let block = 0; block < blocks; block++) {
        const inputs = Object.entries(await blockInputs(pair, store, args, block, blocks)).map(
          ([name, array]) => [name, fitted(array, given.get(name))] as const,
        );
        states = executor.run(plan, { ...Object.fromEntries(inputs), ...states }, see).states;
      }
    } finally {
      await executor.close();
    }
    return most;
  } finally {
    await store.close();
  }
}

/** Times the factor with which it is within its bound, in fp16. */
export function fitted(array: RawArray, bound: InputBound | undefined): RawArray {
  if (!bound) return array;
  const numbers = numbersOf(array);
  const largest = numbers.reduce((all, x) => Math.max(all, Math.abs(x)), 0);
  const region = exactly(array.shape, numbers);
  const shares = [
    bound.most / largest,
    ...bound.norms.map((one) => one.most / lengthsAlong(region, 2, one.axis).reduce((all, x) => Math.max(all, x), 0)),
  ];
  const factor = Math.min(1, ...shares.filter((x) => !Number.isNaN(x)));
  // Rounding to fp16 may add half a unit.
  return factor === 1 ? array : { ...array, data: numbers.map((x) => roundFp16(x * factor * (1 - 2 ** -10))) };
}

/** As numbers, whether they are stored as bits of fp16 or not. */
export const numbersOf = ({ dtype, data }: RawArray): Float64Array =>
  data instanceof Uint16Array && dtype === "fp16" ? Float64Array.from(data, fp16Value) : Float64Array.from(data);

/** Zeros for every state of a graph. */
export const emptyStates = ({ states }: Graph): Readonly<Record<string, RawArray>> =>
  Object.fromEntries(
    states.map(({ name, entry: { type } }) => [name, { ...type, data: new Float64Array(sizeOf(type.shape)) }]),
  );
