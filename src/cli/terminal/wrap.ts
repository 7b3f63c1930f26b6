/** Prose for a terminal: long lines are broken between words, and what goes on stands in from where the line began. */

import { printable } from "../../dsl/printable.ts";

/** About what is read in one sweep; a terminal is seldom narrower. */
const WIDTH = 100;
/** How much further in a continuation begins: below the text of `yes …` and of most marks. */
const HANG = 4;

/**
 * One line as lines of at most 100 columns, printable. Only spaces are broken at, so a longer word stays whole; the first
 * words keep their place.
 */
export function wrapLine(text: string): string {
  const line = printable(text);
  const indentation = /^ */.exec(line)![0];
  const hang = indentation + " ".repeat(HANG);
  const words = line.slice(indentation.length).split(" ");
  const lines: string[] = [];
  let current = indentation + words[0];
  for (const word of words.slice(1)) {
    const longer = `${current} ${word}`;
    if (longer.length <= WIDTH) current = longer;
    else {
      lines.push(current);
      current = hang + word;
    }
  }
  return [...lines, current].join("\n");
}
