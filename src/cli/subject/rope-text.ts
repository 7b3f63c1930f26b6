/** LongRoPE's two lists of factors in words: what each is right for, and which of them was assumed. */
import type { Decoder, LongRopeScaling } from "../../models/decoder.ts";
import { type ListUse, listUses } from "../../models/rope-list.ts";
import type { Args } from "../options/command.ts";
import { wrapLine } from "../terminal/wrap.ts";
import type { Subject } from "./subject.ts";

function lengths({ forSequencesFrom: from, forSequencesUpTo: to }: ListUse): string {
  if (from === to) return `${to} tokens`;
  return from === 1 ? `up to ${to} tokens` : `${from} to ${to} tokens`;
}

/** Of a checkpoint: both lists. */
export const listsText = (rope: LongRopeScaling, maxPositions: number): string =>
  listUses(rope, maxPositions)
    .map((use) => `the ${use.list} list of factors for sequences of ${lengths(use)}`)
    .join(", ");

/** Of what was made for a cache of so many rows: the list, what it is right for, and what becomes of all other sequences. */
export function assumedText(use: ListUse, { rope, maxPositions }: Decoder, maxSeq: number): string {
  const said = `LongRoPE's ${use.list} list of factors, right for sequences of ${lengths(use)}`;
  const uses = rope.type === "longrope" ? listUses(rope, Math.min(maxSeq, maxPositions)) : [];
  const other = uses.find(({ list }) => list !== use.list);
  if (!other) return said;
  return `${said}; those of ${lengths(other)} take the ${other.list} list (--rope-list ${other.list}), and one that grows past ${Math.min(use.forSequencesUpTo, other.forSequencesUpTo)} needs its cache computed anew`;
}

/** The line of a command that made RoPE rows, where they are LongRoPE's. */
export const ropeLines = ({ config, ropeList }: Pick<Subject, "config" | "ropeList">, args: Args): readonly string[] =>
  config && ropeList ? [wrapLine(`RoPE rows: ${assumedText(ropeList, config, args.whole("max-seq"))}`)] : [];
