/** The second graph that a page is asked to hold against the first. */
import type { CompareOptions } from "../../emit/diff/canonical.ts";
import { checkpointHashes } from "../../emit/diff/checkpoint-hashes.ts";
import { placeDifferences } from "../../emit/diff/diff.ts";
import type { Beside } from "../../view/beside.ts";
import type { Args } from "../options/command.ts";
import { haveContents, isPackage } from "../options/operand-kind.ts";
import { comparandOf, hashesOf } from "../subject/comparand.ts";
import type { OpenPair } from "../subject/pair.ts";
import type { Io } from "../terminal/io.ts";

/** What the second operand is: the step of two packages, else a graph of its own. Absent where there is none. */
export async function besideOf(pair: OpenPair, args: Args, io: Io): Promise<Beside | undefined> {
  const [first, second] = args.operands as [string, string?];
  if (second === undefined) return undefined;
  if (isPackage(first) && isPackage(second)) return held(pair, pair.step, {});
  const hashed = haveContents([first, second]);
  const { graph, hash } = await comparandOf(second, args, io, { hashed });
  const own = hashed && !isPackage(first) ? await checkpointHashes(pair.block, () => pair.openWeights()) : undefined;
  return held(pair, graph, hashesOf(own, hash));
}

const held = ({ block }: OpenPair, graph: Beside["graph"], options: CompareOptions): Beside => ({
  graph,
  placed: placeDifferences(block, graph, options),
});
