/**
 * What a proof of packages knows of their weights. Those that both graphs hold may be any numbers: the claim is about all of them. Those that
 * one graph alone holds are the numbers that they are: the other has them folded, written into its program, or has others.
 */
import { type Graph, schedule } from "../../../dsl/graph.ts";
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { sizeOf, type TensorType } from "../../../dsl/type.ts";
import type { WeightSource } from "../../../dsl/weight-source.ts";
import { type WeightPlace, weightPlace } from "../../../passes/prove/reading/leaves.ts";
import { knownTable } from "./known-tables.ts";
import { packageArray } from "./package-store.ts";
import { weightIdentity } from "./weight-identity.ts";

/** What is known of the stored tensors of two packages. */
export interface StoredNumbers {
  readonly weightIdentity: (source: WeightSource, type: TensorType) => WeightPlace | undefined;
  /** The elements of a tensor that is a constant to the proof; undefined for a weight. */
  readonly tableOf: (source: WeightSource, type: TensorType) => ArrayLike<number> | undefined;
  /** How many tensors one graph alone holds. */
  readonly alone: number;
  /** A weight that one graph alone holds is too large to be read: with other numbers in its place the graphs show nothing of those at hand. */
  readonly unread: boolean;
}

/** Elements of weights of one graph alone that are read, all in all. */
const MOST_READ = 1 << 24;

/** Why no input is tried of such graphs. */
export const UNREAD = "no input was tried: the weights that one of the two alone holds are too large to be read here";

/** Of two graphs, read from packages; of those that one alone holds `most` elements are read. */
export function storedNumbers(graphs: readonly Graph[], most = MOST_READ): StoredNumbers {
  const identity = weightIdentity(graphs);
  const baseOf = ({ source, type }: Held): string => (identity(source, type) ?? weightPlace(source, type)).base;
  const bases = graphs.map((graph) => new Set(heldBy(graph).map(baseOf)));
  const isAlone = (one: Held): boolean => bases.some((all) => !all.has(baseOf(one)));
  // What stands in one weight with a tensor that one graph alone holds: its scales may be shared with other weights.
  const alone = graphs.flatMap(weightsOf).flatMap((held) => (held.some(isAlone) ? held : []));
  const unread = alone.reduce((sum, { type }) => sum + sizeOf(type.shape), 0) > most;
  const read = new Set(unread ? [] : alone.map(baseOf));
  return {
    weightIdentity: identity,
    tableOf: (source, type) =>
      source.from === "package" && read.has(baseOf({ source, type }))
        ? packageArray(source, type).data
        : knownTable(source, type),
    alone: new Set(alone.map(baseOf)).size,
    unread,
  };
}

interface Held {
  readonly source: WeightSource;
  readonly type: TensorType;
}

/** What each weight is made of: a stored tensor, or those that are unpacked into one. */
const weightsOf = (graph: Graph): readonly (readonly Held[])[] => schedule(graph).map(heldIn);

function heldIn({ def, type }: Tensor): readonly Held[] {
  if (def.kind === "weight" && def.source.from === "package") return [{ source: def.source, type }];
  return def.kind === "op" && has(def, "constexpr") ? operandsOf(def).flatMap(heldIn) : [];
}

const heldBy = (graph: Graph): readonly Held[] => weightsOf(graph).flat();
