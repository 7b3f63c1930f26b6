/** What a graph with exponents is proven equal to: the graph without, over the reals, rows in and out at full size. */
import type { Graph } from "../dsl/graph.ts";
import type { Graphs } from "../dsl/twins.ts";
import type { Decoder } from "../models/decoder.ts";
import { residualOf } from "../models/exponents.ts";
import { atFullSize } from "../models/full-size.ts";
import { smallestOf } from "../models/smallest.ts";
import { type ProveOptions, prove } from "../passes/prove/prove.ts";
import type { Verdict } from "../passes/prove/report/verdict.ts";

/** The graph for one token without exponents, over the same weights. */
export interface PlainTwin {
  readonly graph: Graph;
  /** What hidden rows are held at in the other. */
  readonly residual: number;
  /** Both at small sizes, for the attack on the proof; the one with exponents at full size. */
  readonly small: () => Graphs;
}

/** The twin of a graph that is built from a decoder; none of a decoder without exponents. */
export function plainTwinOf(
  decoder: Decoder,
  of: (decoder: Decoder) => Graph,
  smallOf: (smallest: Decoder) => Graph,
): PlainTwin | undefined {
  const { exponents, ...plain } = decoder;
  if (!exponents) return undefined;
  const residual = residualOf(decoder);
  const small = () => ({
    block: atFullSize(smallOf(smallestOf(decoder)), residual),
    step: smallOf(smallestOf(plain)),
  });
  return { graph: of(plain), residual, small };
}

/** Whether a graph for one token is its twin, on the same weights. */
export const equalToPlain = (
  held: Graph,
  plain: Graph,
  { residual, small }: PlainTwin,
  options: ProveOptions,
): Verdict =>
  prove(atFullSize(held, residual), plain, { ...options, small, corollaries: false, counterexample: false });

/** What is claimed of a part that is proven so. */
export const EQUAL_CLAIM = "EQUAL (reals) to the graph without exponents";
