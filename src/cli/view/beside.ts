/** The second graph that a page is asked to hold against the first. */
import type { WeightHash } from "../../emit/diff/canonical.ts";
import { checkpointHashes } from "../../emit/diff/checkpoint-hashes.ts";
import { placeDifferences } from "../../emit/diff/diff.ts";
import type { Beside } from "../../view/beside.ts";
import type { Args } from "../command.ts";
import { comparandOf } from "../comparand.ts";
import type { Io } from "../io.ts";
import { isPackage } from "../operand-kind.ts";
import type { OpenPair } from "../pair.ts";

/** What the second operand is: the step of two packages, else a graph of its own. Absent where there is none. */
export async function besideOf(pair: OpenPair, args: Args, io: Io): Promise<Beside | undefined> {
  const [first, second] = args.operands as [string, string?];
  if (second === undefined) return undefined;
  if (isPackage(first) && isPackage(second)) return held(pair, pair.step, undefined);
  // Between two models the names of the weights say it all; only a package asks for their contents.
  const hashed = isPackage(first) || isPackage(second);
  const { graph, hash } = await comparandOf(second, args, io, { hashed });
  const own = hashed && !isPackage(first) ? await hashesOf(pair) : undefined;
  return held(pair, graph, hash ?? own);
}

const held = ({ block }: OpenPair, graph: Beside["graph"], hash: WeightHash | undefined): Beside => ({
  graph,
  placed: placeDifferences(block, graph, hash ? { hash } : {}),
});

async function hashesOf(pair: OpenPair): Promise<WeightHash> {
  const store = await pair.openWeights();
  try {
    return await checkpointHashes(pair.block, store);
  } finally {
    await store.close();
  }
}
