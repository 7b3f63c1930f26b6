/** What a parity run does: blocks at growing positions, some of whose tokens are rejected, padded or scattered. */

/** The cache row of each token of a block; undefined for a dead column, which writes nothing. */
export type Rows = readonly (number | undefined)[];

export interface Call {
  /** What the call is there to show. */
  readonly label: string;
  readonly rows: Rows;
  /** How many leading tokens are kept; the next call goes on from there. */
  readonly accepted: number;
}

/** What the host can say to the graphs: found from the roles of their inputs. */
export interface Abilities {
  /** Rows of a block need not be neighbours. */
  readonly scattered: boolean;
  /** A column can be dead. */
  readonly padded: boolean;
}

/**
 * The usual sequence for blocks of T tokens: full blocks, a rejection of all but one and of none, the stale rows
 * written over, scattered rows, a partly filled block, and the last block that fits. Labels say which.
 */
export function usualSequence(tokens: number, maxSeq: number, can: Abilities): readonly Call[] {
  const calls: Call[] = [];
  let next = 0;
  const block = (label: string, accepted = tokens): void => {
    if (next + tokens > maxSeq) return;
    calls.push({ label, rows: Array.from({ length: tokens }, (_, t) => next + t), accepted });
    next += accepted;
  };
  block("first block");
  block("next block");
  if (tokens > 1) {
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

/** Every second row, in falling order: neither neighbours nor sorted. */
const scattered = (next: number, tokens: number): Rows =>
  Array.from({ length: tokens }, (_, t) => next + 2 * (tokens - 1 - t));

/** A partly filled block after the second call: its one live token is written again by nobody. */
function withPadding(calls: readonly Call[], tokens: number): readonly Call[] {
  const [first, second, third] = calls;
  if (!first || !second || !third) return calls;
  const row = second.rows[tokens - 1]! + 1;
  const rows = Array.from({ length: tokens }, (_, t) => (t === 0 ? row : undefined));
  // The live token is rejected, so that the calls after it stand as they are and write over its stale row.
  return [first, second, { label: "partly filled block", rows, accepted: 0 }, ...calls.slice(2)];
}
