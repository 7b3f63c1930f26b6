/** Which tokens the rows of an output read, as text, where block and steps do not read the same. */
import type { TokensRead } from "../../passes/prove/refute/tokens-read.ts";
import { table } from "../terminal/table.ts";
import type { Sides } from "./sides.ts";

/** Rows that are shown of those that differ. */
const SHOWN = 8;

/** Nothing where every row reads in both what it reads in the other. */
export function pictureLines(
  read: TokensRead | undefined,
  { one, other }: Pick<Sides, "one" | "other">,
): readonly string[] {
  const rows = read?.rows.filter(({ block, steps }) => block.join() !== steps.join()) ?? [];
  if (!read || rows.length === 0) return [];
  const head = [`row of ${read.output}`, `${one} reads tokens`, `${other} read`];
  const shown = rows
    .slice(0, SHOWN)
    .map(({ token, block, steps }) => [`token ${token}`, marked(block, token), marked(steps, token)]);
  const more = rows.length > SHOWN ? [`  and ${rows.length - SHOWN} more`] : [];
  return [
    ...table(head, shown)
      .split("\n")
      .map((line) => `  ${line}`),
    ...more,
  ];
}

/** `0 1 2! 3!`: those that come after the row's own token stand out. */
const marked = (tokens: readonly number[], own: number): string =>
  tokens.length === 0 ? "none" : tokens.map((t) => (t > own ? `${t}!` : `${t}`)).join(" ");
