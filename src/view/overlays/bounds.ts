/** What is known of a value for every input, in words and on the scale of the overlay of numbers. */
import { counted } from "../../dsl/counted.ts";
import { figure } from "../../dsl/figure.ts";
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { type GraphBounds, keeps, type ValueBound } from "../../passes/ranges/graph/judged.ts";
import { LIMITS } from "../../passes/ranges/limits.ts";
import { alignedWith } from "../aligned.ts";

/** Bounds of a graph, and what is given of its inputs. */
export interface Bounded {
  readonly graph: Graph;
  readonly bounds: GraphBounds;
  readonly given: readonly string[];
}

/** Of one value. */
export interface BoundSaid {
  readonly holds: boolean;
  readonly says: readonly string[];
  /** Doublings between its bound and the limit that is nearest; negative where it may be passed. */
  readonly left: number;
  /** Of its own elements. */
  readonly most: number;
}

const LIMITED: Readonly<Record<ValueBound["kind"], string>> = {
  accumulator: "the engine's accumulator",
  fp16: "fp16",
  sum: "fp16 in a sum inside its op",
  score: "a score that a mask shuts off for certain",
};

/** By the values of the graph that is drawn; a text is why there are none. */
export function boundsSaid(drawn: Graph, { graph, bounds }: Bounded): ReadonlyMap<Tensor, BoundSaid> | string {
  const own = alignedWith(drawn, graph);
  if (!own) return "what is bounded is another graph than the one that is drawn: the host keeps caches of it";
  const places = new Map(own.map((value, n) => [value, schedule(drawn)[n]!]));
  const all = new Map<Tensor, BoundSaid>();
  for (const one of bounds.values) {
    const value = places.get(one.value)!;
    const before = all.get(value);
    const left = Math.log2(one.limit / one.most);
    all.set(value, {
      holds: (before?.holds ?? true) && keeps(one),
      says: [...(before?.says ?? []), sentenceOf(one, left)],
      left: Math.min(before?.left ?? left, left),
      most: one.kind === "sum" ? (before?.most ?? 0) : Math.max(before?.most ?? 0, one.most),
    });
  }
  return all;
}

/** Three digits, none smaller: a bound. */
function upTo(x: number): string {
  if (x === 0) return "0";
  const unit = 10 ** (Math.floor(Math.log10(x)) - 2);
  return figure(Number((Math.ceil(x / unit) * unit).toPrecision(3)));
}

/** Doublings that are left for certain: one digit, none larger. */
export const atLeast = (doublings: number): string => (Math.floor(10 * doublings) / 10).toFixed(1);

function sentenceOf(one: ValueBound, left: number): string {
  const limit = `${LIMITED[one.kind]}, ${one.limit}`;
  if (!Number.isFinite(one.most)) return "for every input: not bounded";
  return keeps(one)
    ? `for every input at most ${upTo(one.most)}: ${atLeast(left)} doublings below ${limit}`
    : `some input may make it as large as ${upTo(one.most)}, as far as is known, which is not below ${limit}`;
}

/** What holds of the graph. */
export function boundLines({ bounds, given }: Bounded): readonly string[] {
  const { values, growing, unscored } = bounds;
  const broken = new Set(values.filter((one) => !keeps(one)).map(({ value }) => value)).size;
  const bounded = new Set(values.map(({ value }) => value)).size;
  const first =
    broken === 0
      ? `all of ${counted(bounded, "value")} that are computed keep their limits`
      : `${counted(broken, "value")} of ${bounded} that are computed may pass a limit, or ${broken === 1 ? "is" : "are"} not bounded`;
  return [
    `For every input with ${given.length > 0 ? given.join("; ") : "nothing free"}: ${first}. The engine's accumulator ends at ${LIMITS.accumulator}, fp16 at ${LIMITS.fp16}; what is taken for granted graphc ranges prints.`,
    ...growing.map((name) => `state ${name} is not bounded: as far as is known it grows from call to call`),
    ...(unscored.length > 0 ? ["a mask is taken otherwise than by adding it: its scores are not known"] : []),
  ];
}
