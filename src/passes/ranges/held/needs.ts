/** By how many powers of two the values of graphs have to be smaller than they are, so that nothing leaves its limit. */
import { type Graph, schedule } from "../../../dsl/graph.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { UserError } from "../../../dsl/user-error.ts";
import type { GraphBounds, ValueBound } from "../graph/judged.ts";
import { LIMITS } from "../limits.ts";

/** Of one value: as a number in fp16, and as a sum inside its op before it is rounded to that. Infinite where nothing is known. */
export interface Need {
  readonly number: number;
  readonly sum: number;
}

/** Of the values of a graph, in the order of its schedule. */
export type Needs = readonly Need[];

/** A graph, and what is known of its values. */
export interface Bounded {
  readonly graph: Graph;
  readonly bounds: GraphBounds;
}

/** Of what products round a bound may grow by; a number that is just within a limit is not worth a refusal. */
const ROOM = 1.01;

/** The least power of two with which a bound is below a limit. */
function powersOf({ most, limit }: ValueBound): number {
  if (!(most < Number.POSITIVE_INFINITY)) return Number.POSITIVE_INFINITY;
  return Math.max(0, Math.ceil(Math.log2((most * ROOM) / limit)));
}

/**
 * The larger need of a value in all graphs, which have to be made alike: block and step are held at the same powers, or they would round otherwise.
 * @throws UserError where one has an op that another has not
 */
export function needsOf(all: readonly Bounded[]): Needs {
  const found = all.map(({ graph, bounds }) => ownNeeds(schedule(graph), bounds));
  const [first, ...others] = all.map(({ graph }) => schedule(graph).map(kindOf)) as [string[], ...string[][]];
  for (const other of others) {
    const at = first.findIndex((kind, k) => kind !== other[k]);
    if (at >= 0 || other.length !== first.length)
      throw new UserError(
        `--engine-safe holds block and step at the same powers of two, and they are not made of the same ops: ${first[at] ?? "nothing"} in one is ${other[at] ?? "nothing"} in the other`,
        "write both by the same code, whatever T is",
      );
  }
  return first.map((_, k) => ({
    number: Math.max(...found.map((own) => own[k]!.number)),
    sum: Math.max(...found.map((own) => own[k]!.sum)),
  }));
}

const kindOf = ({ def }: Tensor): string => (def.kind === "op" ? def.op : def.kind);

function ownNeeds(values: readonly Tensor[], { values: bounds }: GraphBounds): Needs {
  const byValue = new Map<Tensor, Need>();
  for (const one of bounds) {
    const own = byValue.get(one.value) ?? NONE;
    const powers = powersOf(one);
    // An accumulator's sum is the number once it is rounded.
    const number = one.kind === "accumulator" ? powersOf({ ...one, limit: FP16 }) : one.kind === "fp16" ? powers : 0;
    const sum = one.kind === "accumulator" || one.kind === "sum" ? powers : 0;
    byValue.set(one.value, { number: Math.max(own.number, number), sum: Math.max(own.sum, sum) });
  }
  return values.map((value) => byValue.get(value) ?? NONE);
}

const { fp16: FP16 } = LIMITS;
const NONE: Need = { number: 0, sum: 0 };
