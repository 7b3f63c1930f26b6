/** What speculative decoding needs beyond the theorem: each consequence is derived from the proof, or denied with the reason. */
import { hostCaches } from "../../../dsl/host/host-caches.ts";
import type { Outcome } from "../attempts.ts";
import type { Precondition } from "../logic/preconditions.ts";
import type { ProvenPair } from "../program/pair.ts";

/** A consequence for the host, or its denial. */
export interface Corollary {
  readonly name: "acceptPrefix" | "rejectedRows" | "padding" | "positions" | "capacity";
  readonly holds: boolean;
  readonly says: string;
  /** Preconditions of later calls that it rests on; of a demand, those that ask for it. */
  readonly needs: readonly Precondition[];
}

/** All consequences of a proof, in a fixed order. */
export function corollariesOf(pair: ProvenPair, outcome: Outcome): readonly Corollary[] {
  return [
    acceptPrefix(pair, outcome),
    rejectedRows(pair, outcome),
    padding(pair, outcome),
    positions(outcome),
    capacity(pair, outcome),
  ].map((one) => ({ ...one, needs: one.needs.filter((id) => saysSomething(id, pair, outcome)) }));
}

/** P8 without a bound asks for nothing: no finite number masks anything out. P3 and P4 speak of a mask, P2 of rows that the proof has told apart. */
function saysSomething(id: Precondition, pair: ProvenPair, { record }: Outcome): boolean {
  if (id === "P8") return Number.isFinite(record.gap);
  if (id === "P3" || id === "P4") return hasMask(pair);
  return id !== "P2" || record.used.has(id);
}

const hasMask = ({ roles }: ProvenPair): boolean => [...roles.values()].some(({ kind }) => kind === "mask");

const denied = (name: Corollary["name"], why: string): Corollary => ({
  name,
  holds: false,
  says: `not claimed: ${why}`,
  needs: [],
});

/** A cache into which the host shifts a row for every token of a call, whatever becomes of the token. */
function shifted({ block, step }: Pick<ProvenPair, "block" | "step">): string | undefined {
  const cache = [block, step].flatMap(hostCaches).find(({ update }) => update === "shift");
  return (
    cache && `the host shifts ${cache.input} by all rows of a call, those of rejected and padding tokens among them`
  );
}

/** For every m < T: what the rejected tokens left is never read before it is overwritten, and overwriting erases it. */
function acceptPrefix(pair: ProvenPair, { consequences }: Outcome): Corollary {
  const { tokens, block } = pair;
  const name = "acceptPrefix";
  if (tokens < 2) return denied(name, "a block of one token has no prefix to accept");
  const why = shifted(pair) ?? consequences.changes ?? consequences.keepsOld ?? consequences.readsStale;
  if (why) return denied(name, why);
  const rows = [
    ...(Object.keys(block.outputs).some((output) => block.readRow?.has(output) !== true) ? ["hidden"] : []),
    ...(block.states.length > 0 ? ["cache"] : []),
  ].map((of) => `${of} rows`);
  return {
    name,
    holds: true,
    says: `any m <= ${tokens} tokens may be accepted: ${rows.join(" and ")} 0 … m-1 are those of m single steps, and decoding goes on from there`,
    needs: ["P2", "P3"],
  };
}

function rejectedRows(pair: ProvenPair, { consequences, record }: Outcome): Corollary {
  const { tokens, block } = pair;
  const name = "rejectedRows";
  if (tokens < 2) return denied(name, "a block of one token rejects nothing that it has computed with");
  if (block.states.length === 0)
    return denied(name, "the graph has no state in which rows of rejected tokens could stay");
  const why = shifted(pair) ?? consequences.readsStale ?? consequences.keepsOld ?? consequences.changes;
  if (why) return denied(name, why);
  // Where positions tell what is seen, no mask of the host's shuts a row that it goes past.
  const next = record.used.has("P2'") ? ", as long as the next call begins at the first of them" : "";
  return {
    name,
    holds: true,
    says: `cache rows of rejected tokens are never read${next}: ${hasMask(pair) ? "they are shut" : "nothing reads them"} until a later token overwrites them; they must stay finite`,
    needs: ["P3", "P7", "P8"],
  };
}

function padding(pair: ProvenPair, { consequences }: Outcome): Corollary {
  const { tokens, roles } = pair;
  const name = "padding";
  const kinds = [...roles.values()].map((role) => role.kind);
  if (kinds.includes("position")) return denied(name, "a position always writes a row; shorten the block instead");
  if (!kinds.includes("write_mask")) return denied(name, "the graph has no write mask whose column could be all zero");
  if (tokens < 2) return denied(name, "a block of one token is not padded");
  const why = shifted(pair) ?? consequences.padding;
  if (why) return denied(name, why);
  return {
    name,
    holds: true,
    says: `padding tokens, anywhere in the block, each with an all-zero write-mask column and a free cache row w_t of its own,${hasMask(pair) ? " which the mask treats as P3 and P4 say," : ""} leave the cache and all other rows as if they were not there; their own hidden rows mean nothing`,
    needs: ["P2", "P3", "P4", "P7", "P11"],
  };
}

function positions({ record }: Outcome): Corollary {
  const contiguous = record.used.has("P2'");
  // Of rows that the proof never looked at nothing is known to be allowed.
  if (!contiguous && !record.used.has("P2")) return denied("positions", "the graph names no cache row");
  return {
    name: "positions",
    holds: true,
    says: contiguous
      ? "positions must be contiguous: the proof holds for w_t = w_0 + t only"
      : "positions may be scattered, in any order: nothing needs them to be contiguous",
    needs: contiguous ? ["P2'"] : ["P2"],
  };
}

/** By the rows that tokens may have, as P2 tells them: which axis of a state counts rows is what the proof has looked at. */
function capacity({ tokens }: ProvenPair, { record }: Outcome): Corollary {
  const { used, rowAxes, leastRow, rings } = record;
  if (rings.size > 0 && rowAxes.size === 0) return denied("capacity", "a ring has a row for every position");
  if (!used.has("P2") || rowAxes.size === 0) return denied("capacity", "the graph names no cache row");
  return {
    name: "capacity",
    holds: true,
    says: `a block needs rows for all of its tokens: position ${leastRow} … ${Math.min(...rowAxes) - tokens} at the start when contiguous`,
    needs: ["P2"],
  };
}
