/**
 * What a graph holds that no input and no state has a part in: constants, weights, and every op over such alone. Rules see their
 * contents, not how they are written: ops are run by the kernels, which give the reference's bits in fp16; weights are streamed.
 */
import { type Graph, schedule } from "../../dsl/graph.ts";
import { type Def, operandsOf, type Tensor } from "../../dsl/tensor.ts";
import type { TensorType } from "../../dsl/type.ts";
import type { WeightSource } from "../../dsl/weight-source.ts";
import type { WeightStream } from "../run/constants.ts";
import { foldedRanges } from "./fold.ts";
import { type Range, rangeOf, rangeOfStream } from "./range.ts";

/** What is known of the constants of one graph. */
export interface Constants {
  /** Whether no input and no state has a part in it. */
  has(value: Tensor): boolean;
  /** The contents of a constant; undefined for any other value, and where they were not looked at. */
  range(value: Tensor): Range | undefined;
  /** Constants of numbers whose contents were not looked at, each with why. */
  readonly unseen: readonly Unseen[];
}

/** A constant whose contents no rule could see. */
export interface Unseen {
  readonly value: Tensor;
  /** Completes "constants …". */
  readonly why: string;
}

/** Why a weight without a stream is not looked at, nor what is computed from it. */
export const NO_CONTENTS = "whose weights are in a checkpoint that was not given (--weights)";

/** What is known of the weights of one store, by what they are. */
export type WeightRanges = Map<string, Range | undefined>;

/**
 * Looks at all constants of a graph; without `weights` not at those that a weight has a part in. Weights that `known` holds are not
 * read again, and those that are read are added to it: a block and its step have the same.
 * @throws UserError when a weight cannot be read, GraphError when an op over constants has no result
 */
export async function constantsOf(
  graph: Graph,
  weights?: WeightStream,
  known: WeightRanges = new Map(),
): Promise<Constants> {
  const all = constantValues(graph);
  const [ranges, unseen] = [new Map<Def, Range>(), new Map<Def, Unseen>()];
  const ops: Tensor[] = [];
  for (const value of all.values()) {
    const { def, type } = value;
    if (def.kind === "const") ranges.set(def, rangeOf(def.data));
    else if (def.kind === "op") {
      const hidden = operandsOf(def)
        .map((x) => unseen.get(x.def))
        .find((x) => x !== undefined);
      if (hidden) unseen.set(def, { value, why: hidden.why });
      else ops.push(value);
    } else if (def.kind === "weight") {
      if (!weights) unseen.set(def, { value, why: NO_CONTENTS });
      const range = weights && (await rangeOfWeight(def.source, type, weights, known));
      if (range) ranges.set(def, range);
    }
  }
  for (const { value, found } of await foldedRanges(ops, weights)) {
    if (typeof found === "string") unseen.set(value.def, { value, why: found });
    else ranges.set(value.def, found);
  }
  return {
    has: ({ def }) => all.has(def),
    range: ({ def }) => ranges.get(def),
    unseen: [...unseen.values()],
  };
}

async function rangeOfWeight(source: WeightSource, type: TensorType, weights: WeightStream, known: WeightRanges) {
  const key = JSON.stringify([source.from === "package" ? [source.file, source.offset] : source, type]);
  if (!known.has(key)) known.set(key, await rangeOfStream(type.dtype, weights(source, type)));
  return known.get(key);
}

/** In schedule order. */
function constantValues(graph: Graph): ReadonlyMap<Def, Tensor> {
  const all = new Map<Def, Tensor>();
  for (const value of schedule(graph)) {
    const { def } = value;
    const isConstant =
      def.kind === "op" ? operandsOf(def).every((x) => all.has(x.def)) : def.kind === "const" || def.kind === "weight";
    if (isConstant) all.set(def, value);
  }
  return all;
}
