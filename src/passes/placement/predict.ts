/** The whole prediction for a graph: what the engine can take of it, and what it is expected to be given. */
import type { Graph } from "../../dsl/graph.ts";
import { operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { type OpValue, opsOf } from "../lint/lint-rule.ts";
import { PLACEMENT_RECORD } from "../lint/placement-record.ts";
import type { Chip } from "./chips.ts";
import { type Cost, costOf } from "./cost.ts";
import { chainOf, type Place } from "./segments.ts";
import { isPlaced, type Support, supportOf } from "./support.ts";

/** One op, in the order of the file. */
export interface PlacedOp {
  readonly value: OpValue;
  readonly support: Support;
  readonly cost: Cost;
  readonly place: Place;
}

/** What is expected of a graph on a chip. */
export interface Prediction {
  readonly chip: Chip;
  readonly ops: readonly PlacedOp[];
  /** Estimated by the planner's own figures; no measurement. */
  readonly milliseconds: number;
  /** What the record has no model of, so that `place` is what it would say without. */
  readonly outside: readonly string[];
}

/** Places the ops of a graph. `constants` are the values that are known when the model is compiled. */
export function predictPlacement(graph: Graph, chip: Chip, isConstant: (x: Tensor) => boolean): Prediction {
  const values = opsOf(graph).filter((value) => isPlaced(value) && !isConstant(value) && (value.def.part ?? 0) === 0);
  const links = values.map((value) => ({
    value,
    support: supportOf(value, { chip, isConstant, record: PLACEMENT_RECORD }),
    cost: costOf(value, chip),
  }));
  const chain = chainOf(links.map(({ cost, support }) => ({ cost, onEngine: support.can === "yes" })));
  const unknown = [...new Set(links.filter((x) => x.support.can === "not in the record").map((x) => named(x.value)))];
  return {
    chip,
    ops: links.map((link, k) => ({ ...link, place: chain.places[k]! })),
    milliseconds: chain.milliseconds,
    outside: [
      ...(graph.states.length > 0 ? ["models with states"] : []),
      ...unknown.map((op) => `the op ${op}`),
      ...(chip.support === "plan" ? [] : [`placement on ${chip.name}`]),
    ],
  };
}

/** The op, with its types where some form of it is on record. */
function named({ def, type }: OpValue): string {
  if (!PLACEMENT_RECORD.ops.has(def.op)) return def.op;
  return `${def.op} of ${[...new Set([...operandsOf(def).map((x) => x.type.dtype), type.dtype])].join(" and ")}`;
}
