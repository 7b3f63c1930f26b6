/** What a graph with exponents is proven equal to: the graph without, over the reals, rows in and out at full size. */
import type { Graph } from "../dsl/graph.ts";
import { atFullSize } from "../models/full-size.ts";
import { PRECONDITIONS } from "../passes/prove/logic/preconditions.ts";
import { type ProveOptions, prove } from "../passes/prove/prove.ts";
import type { Verdict } from "../passes/prove/report/verdict.ts";
import { withoutClamps } from "../passes/ranges/held/clamps.ts";
import type { PlainTwin } from "./plain-twin.ts";

/**
 * Whether a graph for one token is its twin, on the same weights: with clamps only where no value leaves its clamp, which is then a
 * precondition of the verdict.
 */
export function equalToPlain(
  held: Graph,
  plain: Graph,
  { residual, small, clamps = [] }: PlainTwin,
  options: ProveOptions,
): Verdict {
  const free = withoutClamps(atFullSize(held, residual), clamps);
  const verdict = prove(free, plain, { ...options, small, corollaries: false, counterexample: false });
  return clamps.length === 0 ? verdict : { ...verdict, preconditions: [...verdict.preconditions, UNCLIPPED] };
}

const UNCLIPPED = { id: "P15", says: PRECONDITIONS.P15.says } as const;

/** What is claimed of a part that is proven so. */
export const equalClaim = ({ preconditions }: Verdict): string =>
  `EQUAL (reals) to the graph without exponents${preconditions.some(({ id }) => id === UNCLIPPED.id) ? " and clamps, where no value leaves its clamp (P15)" : ""}`;
