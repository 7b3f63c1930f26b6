/** What P8 of a proof is about in a graph: the scores that a mask is added to, and the ways of masked-out entries that are not followed here. */
import { type Graph, schedule } from "../../../dsl/graph.ts";
import { type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { isFloat, sizeOf } from "../../../dsl/type.ts";
import type { Regions } from "./judged.ts";
import { magnitudes } from "./region.ts";

/** From this size on a proof counts a number among those that mask out (docs/equivalence.md, Masked-out entries). */
export const FAR = 1000;

/** What is known of the numbers that P8 bounds. */
export interface Gap {
  /** The largest |score|, which a row's maximum is not above either; absent where no mask is added to anything. */
  readonly most?: number;
  /** Where a masked-out entry, or a number as far away, goes a way that is not followed: of these P8 is not known. */
  readonly lost: readonly Tensor[];
}

/**
 * What a value is: of a mask, a score behind its mask, the largest of a row of these, these less that; or the largest number that has a part
 * in it, which as soon as it is far may mask something out.
 */
type Kind = "mask" | "masked" | "top" | "below" | number;

/** Followed from masks through the scores they are added to, a row's maximum, and the difference, to exp or softmax. */
export function gapOf(graph: Graph, masks: ReadonlySet<Tensor>, regions: Regions): Gap {
  const kinds = new Map<Tensor, Kind>();
  const lost: Tensor[] = [];
  const scores: number[] = [];
  const sizeIn = (x: Tensor): number => magnitudes(regions.get(x)!).reduce((a, b) => Math.max(a, b), 0);
  const kindOf = (value: Tensor): Kind | undefined => {
    const { def, type } = value;
    if (def.kind === "input") return masks.has(value) ? maskKind(regions.get(value)!.high) : 0;
    if (def.kind === "state") return 0;
    if (def.kind === "const") return Array.from(def.data, Number).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    // A proof takes a stored table that holds far numbers for them, and any other weight for what it may be.
    if (def.kind === "weight") return sizeIn(value) < FAR ? 0 : sizeIn(value);
    const own = operandsOf(def).map((x) => kinds.get(x)!);
    if (own.every((one) => typeof one === "number")) return type.dtype === "bool" ? 1 : numberIn(value, def, own);
    const score = def.op === "add" ? besideMask(def, own) : undefined;
    if (score) scores.push(sizeIn(score));
    return score ? "masked" : followed(def, own);
  };
  for (const value of schedule(graph)) {
    const kind = kindOf(value);
    const isLost = kind === undefined || (typeof kind === "number" && !(kind < FAR) && value.def.kind !== "const");
    if (isLost && (kind === undefined || isFloat(value.type.dtype))) lost.push(value);
    kinds.set(value, kind === undefined || (isLost && isFloat(value.type.dtype)) ? 0 : kind);
  }
  // A state that holds such an entry gives it to the next call, where it is not known for one.
  const kept = graph.states.filter(({ exit }) => typeof kinds.get(exit) === "string").map(({ exit }) => exit);
  return { lost: [...lost, ...kept], ...(scores.length === 0 ? {} : { most: Math.max(...scores) }) };
}

/** A row's maximum is a score and what an open mask adds to it, which has to be 0. */
const maskKind = (high: ArrayLike<number>): Kind | undefined =>
  Array.from(high).every((x) => x === 0) ? "mask" : undefined;

/** What a mask is added to. */
function besideMask(def: OpDef, kinds: readonly Kind[]): Tensor | undefined {
  const [x, y] = operandsOf(def) as readonly [Tensor, Tensor];
  if (kinds[0] === "mask" && typeof kinds[1] === "number") return y;
  return kinds[1] === "mask" && typeof kinds[0] === "number" ? x : undefined;
}

/** What becomes of masked-out entries; undefined for all that is not known here. */
function followed(def: OpDef, kinds: readonly Kind[]): Kind | undefined {
  const [first] = kinds;
  if (has(def, "moves")) return kinds.every((one) => one === first) ? first : undefined;
  if (def.op === "sub") return first === "masked" && kinds[1] === "top" ? "below" : undefined;
  if (first === "masked" && def.op === "reduce_max") return "top";
  if (first === "masked" && def.op === "softmax") return 1;
  return (first === "masked" || first === "below") && def.op === "exp" ? 1 : undefined;
}

/** Functions whose values stay near 0, whatever they are of. */
const NEAR: ReadonlySet<string> = new Set(["exp", "tanh", "erf", "sigmoid", "sin", "cos", "softmax"]);

/** The largest number that may have a part in a value: as if each op added and multiplied at once all that it is made of. */
function numberIn({ type }: Tensor, def: OpDef, kinds: readonly number[]): number {
  if (has(def, "moves")) return kinds.reduce((a, b) => Math.max(a, b), 0);
  if (NEAR.has(def.op)) return 1;
  // Nothing is larger for a clip, whatever its ends are.
  if (def.op === "clip" && (def.attrs.alpha as number) <= 0 && (def.attrs.beta as number) >= 0) return kinds[0]!;
  const xs = operandsOf(def);
  if (has(def, "contracts")) {
    const [x, y, ...more] = kinds as readonly [number, number, ...number[]];
    return x * y * sizeOf(xs[0]!.type.shape) + more.reduce((a, b) => a + b, 0);
  }
  const divided = def.op === "real_div" ? divisor(xs[1]!) : undefined;
  const parts = divided === undefined ? kinds : [kinds[0]!, divided];
  const told = Object.values(def.attrs).filter((one) => typeof one === "number");
  const all = [...parts, ...told].reduce((product, one) => product * (1 + Math.abs(one)), 1) - 1;
  return def.op.startsWith("reduce_") ? (all * sizeOf(xs[0]!.type.shape)) / sizeOf(type.shape) : all;
}

/** What division by a constant multiplies with. */
const divisor = ({ def }: Tensor): number | undefined =>
  def.kind === "const"
    ? Array.from(def.data, (x) => 1 / Math.abs(Number(x))).reduce((a, b) => Math.max(a, b), 0)
    : undefined;
