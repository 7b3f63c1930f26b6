/** `prove` of the library: a verdict as data, that rests on nothing that was guessed where it is a no. */

import { optionsGiven } from "../dsl/given/values.ts";
import { doubtfulRoles, twinsOf } from "../dsl/host/twins.ts";
import type { RoleRecord } from "../dsl/role.ts";
import type { Finding } from "../passes/prove/refute/finding.ts";
import type { Counterexample } from "../passes/prove/refute/shrink.ts";
import type { NotProven, Proven, Refuted, Verdict } from "../passes/prove/report/verdict.ts";
import { COMPARED_OPTIONS, type Compared, type ComparedOptions, openCompared, watchGiven } from "./compared.ts";
import type { OpenGraphs } from "./open-graphs.ts";
import { proofOf } from "./proof.ts";

/** What every answer says besides. */
interface Beside {
  /** Roles that nobody stated and that decide: taken from a name, or from a shape that a mask may have as well. */
  readonly guessed: readonly RoleRecord[];
  /** How many stored tensors one graph alone holds: the claim is about the numbers that they are. */
  readonly heldAlone: number;
}

/** Nothing is claimed. With `differs` the graphs part on an input, but only if what was guessed of their inputs is right. */
export type Unproven = NotProven & {
  readonly differs?: { readonly finding: Finding; readonly counterexample: Counterexample };
};

/** The answer of `prove`, told apart by `verdict`: "PROVEN" (see `level`), "REFUTED" or "NOT PROVEN". */
export type ProveResult = (Proven | Refuted | Unproven) & Beside;

/**
 * Proves that a block of T tokens equals T single-token calls, for all weights, inputs and caches, under the preconditions that the answer
 * lists; docs/equivalence.md says what each verdict means. As on the command line a proof is attacked before it is told, a checkpoint's
 * weights that are given are looked at for what is not finite, and of two graphs of an author's no other number of cache rows is claimed.
 * A counterexample that rests on a role which nobody stated refutes nothing: the answer is then "NOT PROVEN" and holds it as `differs`.
 * @throws UserError for what is no pair, GraphError where the graphs do not fit each other or a role must be stated, ProofContradicted for
 * a fault of graphc
 */
export async function prove(compared: Compared, options: ComparedOptions = {}): Promise<ProveResult> {
  const given = optionsGiven(options, "prove", COMPARED_OPTIONS);
  const open = openCompared(compared, given);
  const { verdict, alone } = await proofOf(open, watchGiven(given));
  const guessed = guessedOf(open, verdict);
  return { ...unguessed(verdict, guessed), guessed, heldAlone: alone };
}

function guessedOf({ block, step, given }: OpenGraphs, { roles }: Verdict): readonly RoleRecord[] {
  const doubtful = new Set(doubtfulRoles(twinsOf(block, step, given)).map(({ name }) => name));
  return roles.filter(({ input, source }) => source === "name" || doubtful.has(input));
}

/** A no that rests on a guess is none. */
function unguessed(verdict: Verdict, guessed: readonly RoleRecord[]): Proven | Refuted | Unproven {
  if (verdict.verdict !== "REFUTED" || guessed.length === 0) return verdict;
  const { counterexample, ...rest } = verdict;
  const names = guessed.map(({ input, role }) => `"${input}" is ${role}`).join(" and ");
  return {
    ...rest,
    verdict: "NOT PROVEN",
    searched: `an input tells them apart if ${names}, which nobody stated`,
    differs: { finding: verdict.finding, counterexample },
  };
}
