/** Whether a run keeps what no input can promise by itself: finite values, and scores within a bound. */
import { schedule } from "../../../dsl/graph.ts";
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { isFloat } from "../../../dsl/type.ts";
import type { NDArray } from "../../interpret/array.ts";
import { FAR } from "../logic/visible.ts";
import type { ProvenPair } from "../program/pair.ts";
import { flagValues } from "./flags.ts";

/**
 * Watches a run for what the preconditions exclude: numbers that are not finite (P7), and scores beyond the bound (P8).
 * What a mask reaches may lie far below, and no higher than `highest`; `bottomless` values may be −∞, and `flags` are as constants.
 */
export function newKeeper(
  gap: number,
  masked: ReadonlySet<Tensor>,
  highest = gap,
  bottomless: ReadonlySet<Tensor> = NOTHING,
  flags: ReadonlySet<Tensor> = NOTHING,
) {
  let broken: string | undefined;
  const scored = new Set([...masked].flatMap(scoredBy));
  const sizes = new Map<Tensor, number>();
  const seen = new Set<Tensor>();
  return {
    see: (value: Tensor, { data }: NDArray) => {
      const { name, def, type } = value;
      if (broken !== undefined || !isFloat(type.dtype)) return;
      if (scored.has(value)) sizes.set(value, largest(data));
      if (masked.has(value) && scoreInside(value, sizes) > gap)
        broken = `a score of ${name ?? "an attention"} may be beyond the bound`;
      // A constant is no score; one that masks out may be as large as it likes, and infinite.
      if (def.kind === "const") return;
      // What was seen is within the bounds wherever it is moved: those of what a mask reaches are wider, and −∞ is no result.
      const moved = bottomless.size === 0 && movesSeen(value, seen);
      seen.add(value);
      if (moved) return;
      const isFlag = flags.has(value);
      const [least, most] = isFlag
        ? [-Number.MAX_VALUE, Number.MAX_VALUE]
        : masked.has(value)
          ? [Number.NEGATIVE_INFINITY, highest]
          : [-gap, gap];
      const bad = firstOutside(data, least, most, bottomless.has(value));
      if (bad !== undefined) broken = `${name ?? (def.kind === "op" ? def.op : def.kind)} is ${bad}`;
    },
    broken: () => broken,
  };
}

/** Whether every number of a value is one of values that were seen. */
export const movesSeen = ({ def }: Tensor, seen: ReadonlySet<Tensor>): boolean =>
  def.kind === "op" && has(def, "moves") && operandsOf(def).every((x) => seen.has(x));

/** The first number that is not finite or lies outside; −∞ is none where that may be. A plain loop: it goes over all that a large run makes. */
function firstOutside(data: NDArray["data"], least: number, most: number, bottomless: boolean): number | undefined {
  // Written so that NaN lies outside too.
  const from = bottomless ? Number.NEGATIVE_INFINITY : Math.max(least, -Number.MAX_VALUE);
  const to = Math.min(most, Number.MAX_VALUE);
  for (let k = 0; k < data.length; k++) if (!(data[k]! >= from && data[k]! <= to)) return data[k]!;
  return undefined;
}

const NOTHING: ReadonlySet<Tensor> = new Set();

/** What may be −∞ where a mask holds that: all that a mask reaches, results aside. */
export function bottomlessValues(
  { block, step, bottomless }: ProvenPair,
  masked: ReadonlySet<Tensor>,
): ReadonlySet<Tensor> {
  if (!bottomless) return NOTHING;
  const results = [block, step].flatMap(({ outputs, states }) => [
    ...Object.values(outputs),
    ...states.map(({ exit }) => exit),
  ]);
  return new Set([...masked].filter((value) => !results.includes(value)));
}

/** Query and key of an op that makes scores and does not show them; none of any other. */
function scoredBy({ def }: Tensor): readonly Tensor[] {
  if (def.kind !== "op" || def.op !== "scaled_dot_product_attention") return [];
  return [def.operands.query as Tensor, def.operands.key as Tensor];
}

/** What such scores may come to: |q| · |k| · √d at most; 0 where there are none. */
function scoreInside(value: Tensor, sizes: ReadonlyMap<Tensor, number>): number {
  const inside = scoredBy(value);
  if (inside.length === 0) return 0;
  const [q, k] = inside.map((x) => sizes.get(x) ?? Number.POSITIVE_INFINITY) as [number, number];
  return q * k * Math.sqrt(inside[0]!.type.shape.at(-1)!);
}

const largest = (data: NDArray["data"]): number => data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** Values that are made of truth values and constants, in both graphs. */
export const flagsOf = ({ block, step }: ProvenPair): ReadonlySet<Tensor> =>
  new Set([block, step].flatMap((graph) => [...flagValues(graph).made]));

/** Values that an attention mask reaches, or a constant or truth value that masks out. */
export function maskedValues({ block, step, roles, tableOf }: ProvenPair): ReadonlySet<Tensor> {
  const found = new Set<Tensor>();
  const far = new Set([block, step].flatMap((graph) => [...flagValues(graph).far]));
  const begins = (value: Tensor): boolean => {
    const { def, type } = value;
    if (far.has(value)) return true;
    if (def.kind === "input") return roles.get(def.name)?.kind === "mask";
    const data = def.kind === "const" ? def.data : def.kind === "weight" ? tableOf(def.source, type) : undefined;
    return data !== undefined && Array.from(data).some((x) => x <= FAR);
  };
  for (const value of [...schedule(block), ...schedule(step)]) {
    const { def } = value;
    const above = def.kind === "op" ? operandsOf(def) : [];
    // A factor, however large, masks nothing out.
    const scales = def.kind === "op" && (def.op === "mul" || def.op === "real_div");
    const reached = above.some((x) => found.has(x) && !(scales && x.def.kind !== "op" && x.def.kind !== "input"));
    if (begins(value) || reached) found.add(value);
  }
  return found;
}
