/** The cache rows that `--positions` names. */
import { UserError } from "../../dsl/user-error.ts";
import type { OpenPair } from "../subject/pair.ts";

/** `5..8` or `5,9,7`: fewer than T leaves dead columns. */
export function cacheRows(text: string, tokens: number, maxSeq: number): readonly (number | undefined)[] {
  const [first, last] = text.includes("..") ? text.split("..").map(Number) : [];
  const listed = text.split(",");
  const count = first === undefined ? listed.length : last! - first + 1;
  if (count < 1) throw new UserError(`--positions must look like 5..8 or 5,9,7, not "${text}"`);
  if (count > tokens) throw new UserError(`--positions names ${count} tokens; the graph takes ${tokens}`);
  const rows = Array.from({ length: count }, (_, i) => (first === undefined ? Number(listed[i]) : first + i));
  const beyond = rows.find((row) => row >= maxSeq);
  if (beyond !== undefined) throw new UserError(`position ${beyond} is beyond the cache's last row ${maxSeq - 1}`);
  if (new Set(rows).size < rows.length) throw new UserError("--positions names a cache row twice");
  return Array.from({ length: tokens }, (_, t) => rows[t]);
}

/** A row of a position is the model's where its sequence may be of the list's lengths. @throws UserError where it cannot be */
export function checkWithinList(use: OpenPair["ropeList"], rows: readonly (number | undefined)[]): void {
  const beyond = use && rows.find((row) => row !== undefined && row >= use.forSequencesUpTo);
  if (beyond !== undefined)
    throw new UserError(
      `position ${beyond} is of a sequence of more than ${use!.forSequencesUpTo} tokens, which the ${use!.list} list of factors is not for`,
      "leave --rope-list out, or lower the positions",
    );
}
