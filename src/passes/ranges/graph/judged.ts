/** Every value of a graph held against its limit, with the largest element of each, and what a sum beyond it is made of. */
import { type Graph, schedule } from "../../../dsl/graph.ts";
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { isFloat } from "../../../dsl/type.ts";
import { LIMITS } from "../limits.ts";
import { type Blame, blameOf } from "./blame.ts";
import { sumInside } from "./reduce.ts";
import { magnitudes, type Region } from "./region.ts";

/** What is known of every value. */
export type Regions = ReadonlyMap<Tensor, Region>;

/** The largest element of a value, or of a sum inside its op, and where: its index in row-major order. */
export interface ValueBound {
  readonly value: Tensor;
  readonly most: number;
  readonly at: number;
  /** What it is held against. */
  readonly limit: number;
  readonly kind: "accumulator" | "fp16" | "sum" | "score";
  /** An op of which no bound is known made it, or something that it was made of. */
  readonly unknown?: Tensor;
  /** Of a product with a weight that breaks its limit: which elements it is made of. */
  readonly blame?: Blame;
}

/** All of a graph. */
export interface GraphBounds {
  readonly values: readonly ValueBound[];
  /** States whose bound at exit is within that at entry; the others grow from call to call, as far as is known. */
  readonly growing: readonly string[];
  /** What is made of a mask otherwise than by adding it, so that no scores are known. */
  readonly unscored: readonly Tensor[];
  /** What is known of every element. */
  readonly regions: Regions;
}

/** What of a graph keeps its limits, where regions are as they are. */
export function judged(
  graph: Graph,
  masks: ReadonlySet<Tensor>,
  regions: Regions,
  growing: readonly string[],
): GraphBounds {
  const { scores, others } = scoresOf(graph, masks);
  const unknown = new Map<Tensor, Tensor>();
  const values = schedule(graph).flatMap((value): readonly ValueBound[] => {
    const { def, type } = value;
    const region = regions.get(value)!;
    const first =
      def.kind === "op"
        ? operandsOf(def)
            .map((x) => unknown.get(x))
            .find((x) => x !== undefined)
        : undefined;
    if (!isFloat(type.dtype)) return [];
    const { most, at } = largest(region);
    if (!Number.isFinite(most)) unknown.set(value, first ?? value);
    const own = unknown.get(value);
    const made = { value, most, at, ...(own ? { unknown: own } : {}) };
    // Elements that are only moved are told where they were made, those of states where they were written.
    const score = scores.has(value) ? [{ ...made, kind: "score" as const, limit: LIMITS.score }] : [];
    // What the graph holds is only told where it is no number: it may go nowhere but where it is moved to.
    if ((def.kind === "weight" || def.kind === "const") && own) return [{ ...made, kind: "fp16", limit: LIMITS.fp16 }];
    if (def.kind !== "op" || has(def, "moves")) return score;
    const inside = sumInside(def, type, regions.get(operandsOf(def)[0]!)!);
    return [
      ...(inside ? [{ ...made, ...largest(inside), kind: "sum" as const, limit: LIMITS.fp16 }] : []),
      has(def, "contracts")
        ? { ...made, kind: "accumulator", limit: LIMITS.accumulator }
        : { ...made, kind: "fp16", limit: LIMITS.fp16 },
      ...score,
    ];
  });
  const told = values.map((one) => {
    const blame =
      one.kind === "accumulator" && one.most >= one.limit ? blameOf(one.value, (x) => regions.get(x)!) : undefined;
    return blame ? { ...one, blame } : one;
  });
  return { values: told, growing, unscored: [...others], regions };
}

function largest(region: Region): { readonly most: number; readonly at: number } {
  const sizes = magnitudes(region);
  let at = 0;
  for (let k = 1; k < sizes.length; k++) if (sizes[k]! > sizes[at]!) at = k;
  return { most: sizes[at]!, at };
}

/** What a mask is added to, whatever moved it before; and what else is made of a mask, of which no scores are known. */
function scoresOf(graph: Graph, masks: ReadonlySet<Tensor>) {
  const [scores, others, masked] = [new Set<Tensor>(), new Set<Tensor>(), new Set(masks)];
  for (const value of schedule(graph)) {
    const { def } = value;
    if (def.kind !== "op" || !operandsOf(def).some((x) => masked.has(x))) continue;
    if (has(def, "moves")) masked.add(value);
    else if (def.op !== "add") others.add(value);
    else for (const x of operandsOf(def)) if (!masked.has(x)) scores.add(x);
  }
  return { scores, others };
}

/** Whether a value keeps its limit. */
export const keeps = ({ most, limit }: ValueBound): boolean => most < limit;
