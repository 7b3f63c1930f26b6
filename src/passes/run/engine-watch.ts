/** Watches runs of a graph on the engine's arithmetic, and says of each value what is known of it and what became of its products. */
import type { Graph } from "../../dsl/graph.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { type Known, knownValues } from "../engine/knowledge.ts";
import { functionsByOp } from "../kernels/engine/tables.ts";
import { NO_TALLY, type Tally, tallied } from "../kernels/engine/tally.ts";
import { allFinite } from "../kernels/raw.ts";
import type { PlanOptions } from "./plan.ts";
import type { Observer } from "./run.ts";

/** A value that an op makes. */
export interface WatchedValue extends Known {
  readonly value: Tensor;
  /** Over all calls that were watched. */
  readonly tally: Tally;
}

/** What it takes to watch, and what was seen. */
export interface EngineWatch {
  /** For the plan of the graph. */
  readonly options: PlanOptions;
  /** For each of its calls. */
  readonly observe: Observer;
  /** In the order in which they are made. */
  values(): readonly WatchedValue[];
}

/** A watch that has seen nothing. */
export function engineWatch(graph: Graph): EngineWatch {
  const tallies = new Map<Tensor, Tally>();
  const notFinite = new Set<Tensor>();
  const ran = new Set<Tensor>();
  const tallyOf = (value: Tensor): Tally => tallies.get(value) ?? NO_TALLY;
  return {
    options: {
      precision: "engine",
      tally(value, tally) {
        ran.add(value);
        tallies.set(value, tallied(tallyOf(value), tally));
      },
    },
    observe(value, contents) {
      ran.add(value);
      if (!allFinite(contents)) notFinite.add(value);
    },
    values() {
      const seen = (value: Tensor) =>
        ran.has(value) ? { ...tallyOf(value), notFinite: notFinite.has(value) } : undefined;
      const known = knownValues(graph, seen, (op) => functionsByOp().has(op));
      return [...known]
        .filter(([{ def }]) => def.kind === "op")
        .map(([value, one]) => ({ value, tally: tallyOf(value), ...one }));
    },
  };
}
