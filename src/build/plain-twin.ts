/** The graph without exponents that one with them is held against. */
import type { Graph } from "../dsl/graph.ts";
import type { Graphs } from "../dsl/host/twins.ts";
import type { Decoder } from "../models/decoder.ts";
import { residualOf } from "../models/exponents.ts";
import { atFullSize } from "../models/full-size.ts";
import { smallestOf } from "../models/smallest.ts";
import { clampsIn, type NamedClamp, withoutClamps } from "../passes/ranges/held/clamps.ts";

/** The graph for one token without exponents, over the same weights. */
export interface PlainTwin {
  readonly graph: Graph;
  /** What hidden rows are held at in the other. */
  readonly residual: number;
  /** Clips that the other has and this one has not. */
  readonly clamps?: readonly NamedClamp[];
  /** Both at small sizes, for the attack on the proof; the one with exponents at full size, without clamps. */
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
  const small = () => {
    const held = smallOf(smallestOf(decoder));
    return { block: withoutClamps(atFullSize(held, residual), clampsIn(held)), step: smallOf(smallestOf(plain)) };
  };
  return { graph: of(plain), residual, clamps: clampsIn(of(decoder)), small };
}
