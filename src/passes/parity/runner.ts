/** What parity runs: a block and its step, each with something that evaluates it. */
import type { Graphs } from "../../dsl/host/twins.ts";
import type { RawArray } from "../kernels/raw.ts";
import type { RawResults } from "../run/run.ts";

/** Arrays by the name of their input, state or output. */
export type Arrays = Readonly<Record<string, RawArray>>;

/** Evaluates a graph once: takes every input and state at entry, gives outputs and states at exit. */
export type Runner = (values: Arrays) => RawResults | Promise<RawResults>;

/** Both graphs on the same weights. */
export interface RunnableGraphs extends Graphs {
  readonly runBlock: Runner;
  readonly runStep: Runner;
}
