/** The cache row of a token, as an index. */
import { INT32 } from "../logic/facts.ts";
import { type Ix, row, shift } from "../logic/indices.ts";
import type { Context } from "../rules/context.ts";
import { makes } from "../rules/rule.ts";

/** The cache row of a token: its own, or so many after the first. */
export function tokenRow(c: Context, token: number): Ix {
  const s = c.store.indices;
  // Ranges of rows rest on it.
  if (c.lastRow < INT32[1]) c.record.rowAxes.add(c.lastRow + 1);
  if (!c.contiguous) return row(s, token, c.lastRow);
  return shift(s, row(s, 0, c.lastRow - c.tokens + 1), makes(c, c.rules.rowFromFirst, token));
}
