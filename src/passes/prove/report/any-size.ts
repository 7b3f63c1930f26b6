/**
 * Whether a claim holds for any number of cache rows. A number in an author's text may be that of the rows by chance: a proof for this number
 * cannot tell it from one that follows the rows, and a proof for another number can.
 */
import { isGraphError } from "../../../dsl/error.ts";
import type { Graphs } from "../../../dsl/host/twins.ts";
import { isUserError } from "../../../dsl/user-error.ts";
import type { Mode } from "../logic/setting.ts";
import { type ProvenPair, provenPair } from "../program/pair.ts";
import { smallOrNone } from "../refute/cost.ts";
import type { Proven, Verdict } from "./verdict.ts";

/** What is claimed, but of this number of rows. */
export type Claimed = Pick<Proven, "level" | "preconditions"> & { readonly gapBound?: number };
/** A proof of other graphs by the same rules. */
export type ProofOf = (graphs: Graphs) => Pick<Verdict, "verdict"> & Partial<Claimed & Pick<Proven, "anyCacheSize">>;

/**
 * Whether graphs beside another number of rows can be built and proven as well: as much, of no more, and for any number as far as they tell.
 * Where nobody can build any, they are not asked for.
 */
export function holdsElsewhere(
  pair: ProvenPair,
  claimed: Claimed,
  otherRows: (() => Graphs) | undefined,
  proofOf: ProofOf,
): boolean {
  if (!otherRows) return true;
  const graphs = smallOrNone(otherRows, pair.tokens);
  return graphs !== undefined && ofPair(() => isBesideOthers(pair, graphs) && saysAsMuch(claimed, proofOf(graphs)));
}

/** Whether small graphs are proven at that level as well, so that what speaks against them speaks against the prover. */
export const isProvenToo =
  (proofOf: ProofOf) =>
  (graphs: Graphs, level: Mode): boolean =>
    ofPair(() => isAsStrong(proofOf(graphs), level));

/** Graphs of sizes that nobody gave may be no pair. */
function ofPair(holds: () => boolean): boolean {
  try {
    return holds();
  } catch (error) {
    if (isGraphError(error) || isUserError(error)) return false;
    throw error;
  }
}

const isAsStrong = (found: ReturnType<ProofOf>, level: Mode): boolean =>
  found.verdict === "PROVEN" && (found.level === "exact" || found.level === level);

function saysAsMuch(
  { level, preconditions, gapBound = Number.POSITIVE_INFINITY }: Claimed,
  found: ReturnType<ProofOf>,
): boolean {
  const assumed = new Set(preconditions.map(({ id }) => id));
  return (
    isAsStrong(found, level) &&
    found.anyCacheSize === true &&
    found.preconditions!.every(({ id }) => assumed.has(id)) &&
    (found.gapBound ?? Number.POSITIVE_INFINITY) >= gapBound
  );
}

/** A block of other tokens, or rows that do not follow the number they are asked for, say nothing of this claim; where there are no rows, there is no other number. */
function isBesideOthers(pair: ProvenPair, { block, step }: Graphs): boolean {
  const [own, other] = [rowsIn(pair), provenPair(block, step, pair)];
  return other.tokens === pair.tokens && (own === "" || own !== rowsIn(other));
}

const rowsIn = ({ slots, cacheSizes }: ProvenPair): string => [slots ?? "", ...cacheSizes].join();
