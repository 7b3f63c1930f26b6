/** A proof of two graphs with all that is known of their weights, and all that is asked before a no is told. */
import { meetInputs } from "../dsl/host/twins.ts";
import { type StoredNumbers, storedNumbers, UNREAD } from "../emit/read/blobs/stored-numbers.ts";
import { checkProvable } from "../passes/prove/program/reach.ts";
import { prove } from "../passes/prove/prove.ts";
import type { Verdict } from "../passes/prove/report/verdict.ts";
import { type NotFinite, notFiniteWeights } from "../weights/finite.ts";
import { askForRoles } from "./ask-roles.ts";
import { type OpenGraphs, type Watch, withHost } from "./open-graphs.ts";
import { ownRuns } from "./own-runs.ts";

/** The verdict, and of how many stored tensors that one graph alone holds. */
export interface Proof {
  readonly verdict: Verdict;
  readonly alone: number;
}

/**
 * Proves or refutes that the block equals its steps.
 * @throws GraphError when the graphs are no block and step, and to ask for a role where a no would rest on a guess
 */
export async function proofOf(open: OpenGraphs, watch: Watch): Promise<Proof> {
  const stored = storedNumbers([open.block, open.step]);
  const verdict = await verdictOf(open, stored, watch);
  if (verdict.verdict !== "PROVEN") askForRoles(open, open.given, stored);
  return { verdict, alone: stored.alone };
}

/** A weight at hand that is not finite; generated ones are. */
async function notFiniteIn({ block, step, storedWeights, openWeights }: OpenGraphs): Promise<NotFinite | undefined> {
  const store = storedWeights ? await openWeights?.() : undefined;
  if (!store) return undefined;
  try {
    return (await notFiniteWeights([block, step], store))[0];
  } finally {
    await store.close();
  }
}

async function verdictOf(
  open: OpenGraphs,
  { unread, alone: _, ...stored }: StoredNumbers,
  watch: Watch,
): Promise<Verdict> {
  // The prover's own runs know its graphs by identity.
  const pair = withHost(open);
  const { block, step, small, otherRows, given } = pair;
  checkProvable(meetInputs(block, step, given).tokens);
  const notFinite = await notFiniteIn(pair);
  const runs = await ownRuns(pair, watch);
  const progress = watch.progress("proving");
  try {
    return prove(block, step, {
      progress: progress.update,
      ...stored,
      roles: given,
      ...(unread ? { counterexample: false, notSearched: UNREAD } : {}),
      ...(small ? { small } : {}),
      ...(otherRows ? { otherRows } : {}),
      ...(notFinite ? { notFinite } : {}),
      ...(runs ? { ownRuns: runs } : {}),
    });
  } finally {
    progress.end();
    await runs?.close();
  }
}
