/** Where block and steps begin to differ: the first value, in the order of the block, of which a token's row is not that of its step. */
import { schedule } from "../../dsl/graph.ts";
import { tokenAxisOf } from "../../dsl/host/output-rows.ts";
import type { Graphs } from "../../dsl/host/twins.ts";
import type { OpDef, Tensor } from "../../dsl/tensor.ts";
import { rowOf } from "../interpret/array.ts";
import { type RawArray, toNDArray } from "../kernels/raw.ts";
import { distance } from "./metrics.ts";
import type { Arrays } from "./runner.ts";

/** Inputs and states at entry of a call of the block and of its steps, which gave something else. */
export interface DifferentCall {
  readonly block: Arrays;
  readonly steps: readonly { readonly token: number; readonly entry: Arrays }[];
}

/** The op and the value where it begins. */
export interface FirstDifference {
  readonly op: string;
  readonly value: string;
  readonly token: number;
}

type See = (value: Tensor, contents: RawArray) => void;
type SeenRun = (values: Arrays, see: See) => unknown;

/** Runs both again, and looks at every value; undefined where the graphs have other ops, or no such value is found. */
export function firstDifference(
  { block, step }: Graphs,
  tokens: number,
  { block: entry, steps }: DifferentCall,
  [runBlock, runStep]: readonly [SeenRun, SeenRun],
): FirstDifference | undefined {
  const [values, twins] = [block, step].map((graph) => schedule(graph).filter(({ def }) => def.kind === "op"));
  const opsOf = (list: readonly Tensor[]) => list.map(({ def }) => (def as OpDef).op).join();
  if (opsOf(values!) !== opsOf(twins!)) return undefined;
  const ofBlock = contentsOf(runBlock, entry);
  const ofSteps = steps.map(({ token, entry: from }) => ({ token, contents: contentsOf(runStep, from) }));
  for (const [n, value] of values!.entries()) {
    const twin = twins![n]!;
    const axis = tokenAxisOf(value, twin, tokens);
    const whole = ofBlock.get(value);
    if (axis === undefined || !whole) continue;
    for (const { token, contents } of ofSteps) {
      const row = contents.get(twin);
      if (!row) continue;
      const own = rowOf(toNDArray(whole), axis === "none" ? undefined : axis, token);
      if (distance(own, toNDArray(row).data).equal) continue;
      const { op } = value.def as OpDef;
      return { op, value: value.name ?? op, token };
    }
  }
  return undefined;
}

/** Copies: what is shown is written over later. */
function contentsOf(run: SeenRun, entry: Arrays): ReadonlyMap<Tensor, RawArray> {
  const seen = new Map<Tensor, RawArray>();
  run(entry, (value, contents) => seen.set(value, { ...contents, data: contents.data.slice() }));
  return seen;
}
