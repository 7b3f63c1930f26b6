/** What speculative decoding needs beyond the theorem, and what it follows from. */
import { schedule } from "../../../dsl/graph.ts";
import type { Precondition } from "../logic/preconditions.ts";
import type { ProvenPair } from "../program/pair.ts";

export interface Corollary {
  readonly name: "acceptPrefix" | "rejectedRows" | "padding" | "positions" | "capacity";
  readonly holds: boolean;
  readonly says: string;
  readonly needs: readonly Precondition[];
}

/**
 * Consequences of a proof. They follow from the rows that were proven one by one: state rows w_0 … w_{T-1} and any
 * other row, hidden rows 0 … T-1.
 */
export function corollariesOf(
  { block, roles, tokens }: ProvenPair,
  used: Pick<ReadonlySet<Precondition>, "has">,
): readonly Corollary[] {
  const contiguous = used.has("P2'");
  const masked = [...roles.values()].some((role) => role.kind === "mask");
  const byMask = [...roles.values()].some((role) => role.kind === "write_mask");
  return [
    {
      name: "acceptPrefix",
      holds: true,
      says: `any m <= ${tokens} tokens may be accepted: hidden rows and cache rows 0 … m-1 are those of m single steps, and decoding goes on from there`,
      needs: ["P2", "P3"],
    },
    {
      name: "rejectedRows",
      holds: masked,
      says: masked
        ? "cache rows of rejected tokens are never read: the mask closes them until a later token overwrites them; they must stay finite"
        : "not claimed: the graph has no attention mask that would close rows",
      needs: ["P3", "P7", "P8"],
    },
    {
      name: "padding",
      holds: byMask,
      says: byMask
        ? "a padding token with an all-zero write-mask column leaves the cache as it is; its hidden row means nothing, and its inputs must be finite"
        : "not claimed: a position always writes a row; shorten the block instead",
      needs: ["P1", "P7"],
    },
    {
      name: "positions",
      holds: true,
      says: contiguous
        ? "positions must be contiguous: a slice is written from the first one on"
        : "positions may be scattered: nothing needs them to be contiguous",
      needs: contiguous ? ["P2'"] : ["P2"],
    },
    {
      name: "capacity",
      holds: schedule(block).length > 0,
      says: `a block needs rows for all of its tokens: position 0 … max_seq - ${tokens} at the start when contiguous`,
      needs: ["P2"],
    },
  ];
}
