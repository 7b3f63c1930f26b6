/** What a graph with exponents is proven equal to: the graph without, over the reals, rows in and out at full size. */
import type { Graph } from "../dsl/graph.ts";
import type { Graphs } from "../dsl/host/twins.ts";
import type { Decoder } from "../models/decoder.ts";
import { residualOf } from "../models/exponents.ts";
import { atFullSize } from "../models/full-size.ts";
import { smallestOf } from "../models/smallest.ts";
import { PRECONDITIONS } from "../passes/prove/logic/preconditions.ts";
import { type ProveOptions, prove } from "../passes/prove/prove.ts";
import type { Verdict } from "../passes/prove/report/verdict.ts";
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
