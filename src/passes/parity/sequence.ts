/** What a parity run does: blocks at growing positions, some of whose tokens are rejected, padded or scattered. */

import type { Graph } from "../../dsl/graph.ts";
import { hostCaches } from "../../dsl/host/host-caches.ts";
import type { Twins } from "../../dsl/host/twins.ts";
import type { Positions } from "../../models/host.ts";

/** One block of a sequence, before it is run. */
export interface PlannedCall {
  /** What the call is there to show. */
  readonly label: string;
  /** The cache row of each token, [T]. */
  readonly rows: Positions;
  /** How many leading tokens are kept; the next call goes on from there. */
  readonly accepted: number;
  /** How its rows are drawn; as usual when absent. */
  readonly draw?: Draw;
}

/** The kinds of rows that a call may be fed: of variance 1; with a few channels far above the others; near fp16's largest and smallest numbers. */
export const ROW_KINDS = ["usual", "outliers", "large", "small"] as const;

/** What rows are drawn, and how many times as large as usual: of outliers those channels alone. */
export interface Draw {
  readonly kind: (typeof ROW_KINDS)[number];
  readonly factor: number;
}

/** What the host can say to both graphs. */
export interface Abilities {
  /** Rows of a block need not be neighbours. */
  readonly scattered: boolean;
  /** A column can be dead. */
  readonly padded: boolean;
  /** What a token left in the caches can be left there, shut and written over. */
  readonly rejecting: boolean;
}

/**
 * What the inputs of both let the host ask for: a dead column takes a write mask and no position, which always names a
 * row; scattered rows take a write mask or a position a token, and no position that serves the whole block. Nothing is rejected where
 * the host shifts a cache by every token of a call, or no input tells rows of the caches.
 */
export function abilitiesOf({ block, step, roles, tokens }: Twins): Abilities {
  const has = (graph: Graph, scattered: boolean) =>
    graph.inputs.some(({ name = "" }) => {
      const role = roles.get(name);
      return role?.kind === "write_mask" || (scattered && role?.kind === "position" && role.tokenAxis !== undefined);
    });
  const both = (scattered: boolean) => has(block, scattered) && has(step, scattered);
  const all = [...roles.values()].filter((role) => role.kind === "position");
  const positions = all.length > 0;
  const first = tokens > 1 && all.some(({ tokenAxis }) => tokenAxis === undefined);
  const shifts = [block, step].some((graph) => hostCaches(graph).some(({ update }) => update === "shift"));
  const told = positions || [...roles.values()].some(({ kind }) => kind === "mask" || kind === "write_mask");
  const rejecting = !shifts && (told || block.states.length === 0);
  return { scattered: !first && both(true), padded: rejecting && !positions && both(false), rejecting };
}

/**
 * The usual sequence for blocks of T tokens: full blocks, a rejection of all but one and of none, the stale rows
 * written over, scattered rows, a partly filled block, and the last block that fits. Labels say which.
 */
export function usualSequence(tokens: number, maxSeq: number, can: Abilities): readonly PlannedCall[] {
  const calls: PlannedCall[] = [];
  let next = 0;
  const block = (label: string, accepted = tokens): void => {
    if (next + tokens > maxSeq) return;
    calls.push({ label, rows: Array.from({ length: tokens }, (_, t) => next + t), accepted });
    next += accepted;
  };
  block("first block");
  block("next block");
  if (tokens > 1 && can.rejecting) {
    block(`${tokens - 1} of ${tokens} rejected`, 1);
    block("over stale rows");
    block("one rejected", tokens - 1);
    block("over one stale row");
  }
  if (can.scattered && next + 2 * tokens <= maxSeq - tokens) {
    calls.push({ label: "scattered rows", rows: scattered(next, tokens), accepted: tokens });
    next += 2 * tokens;
  }
  const last = maxSeq - tokens;
  if (last >= next) {
    next = last;
    block("last block that fits");
  }
  return can.padded && tokens > 1 && calls.length > 0 ? withPadding(calls, tokens) : calls;
}

/** Blocks after a rejection, where they fit. */
const AFTER_REJECTION = 3;

/**
 * What the usual sequence leaves out: dead columns before live ones, and three blocks one after another once tokens were
 * rejected. It begins at the first cache row, or ends on the last one. Empty where no block fits.
 */
export function hardSequence(
  tokens: number,
  maxSeq: number,
  can: Abilities,
  where: "start" | "end",
): readonly PlannedCall[] {
  const live = can.padded && tokens > 1 ? Math.floor(tokens / 2) : 0;
  const rejects = tokens > 1 && can.rejecting;
  const before = live + (rejects ? 1 : 0);
  const blocks = Math.min(AFTER_REJECTION, Math.floor((maxSeq - before) / tokens));
  if (blocks < 1) return [];
  const calls: PlannedCall[] = [];
  let next = where === "start" ? 0 : maxSeq - before - blocks * tokens;
  const block = (label: string, accepted = tokens): void => {
    calls.push({ label, rows: Array.from({ length: tokens }, (_, t) => next + t), accepted });
    next += accepted;
  };
  if (live > 0) {
    const first = next;
    const rows = Array.from({ length: tokens }, (_, t) => (t % 2 === 1 ? first + (t - 1) / 2 : undefined));
    calls.push({ label: "dead columns before live ones", rows, accepted: tokens });
    next += live;
  }
  if (rejects) block(`${tokens - 1} of ${tokens} rejected`, 1);
  const label = rejects
    ? (n: number) => `block ${n} after a rejection`
    : (n: number) => `${tokens > 1 ? "block" : "token"} ${n}`;
  for (let n = 1; n <= blocks; n++) block(label(n));
  return calls;
}

/** Every second row, in falling order: neither neighbours nor sorted. */
const scattered = (next: number, tokens: number): Positions =>
  Array.from({ length: tokens }, (_, t) => next + 2 * (tokens - 1 - t));

/** A partly filled block after the second call: its one live token is written again by nobody. */
function withPadding(calls: readonly PlannedCall[], tokens: number): readonly PlannedCall[] {
  const [first, second, third] = calls;
  if (!first || !second || !third) return calls;
  const row = second.rows[tokens - 1]! + 1;
  const rows = Array.from({ length: tokens }, (_, t) => (t === 0 ? row : undefined));
  // The live token is rejected, so that the calls after it stand as they are and write over its stale row.
  return [first, second, { label: "partly filled block", rows, accepted: 0 }, ...calls.slice(2)];
}
