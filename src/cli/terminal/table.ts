/** Plain text tables: columns as wide as their widest cell, numbers to the right. */

import { largest } from "../../dsl/number.ts";
import { printable } from "../../dsl/printable.ts";

/** Head, rule and rows; a column is set to the right where all of its cells are numbers. */
export function table(head: readonly string[], contents: readonly (readonly string[])[]): string {
  const rows = contents.map((cells) => cells.map(printable));
  const widths = head.map((title, column) =>
    largest(
      rows.map((row) => row[column]?.length ?? 0),
      title.length,
    ),
  );
  const numeric = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^[-+\d.,e%]*$/.test(row[column] ?? "")),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (numeric[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}
