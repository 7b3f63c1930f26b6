/** Ops of a function that no output and no state depends on: a graph does not have them, and Core ML may run them all the same. */
import type { MilFunction } from "../mil/records.ts";

/** As `type "name"`, in the order of the file, what a terminal would obey escaped; constants are not counted. */
export function unreachedOps({ operations, outputs }: MilFunction): readonly string[] {
  const needed = new Set<string>(outputs);
  const unreached: string[] = [];
  for (const op of operations.toReversed()) {
    const isNeeded = op.type === "write_state" || op.outputs.some(({ name }) => needed.has(name));
    if (isNeeded)
      for (const argument of Object.values(op.inputs).flat()) if ("name" in argument) needed.add(argument.name);
    if (!isNeeded && op.type !== "const") unreached.push(`${op.type} ${JSON.stringify(op.name)}`);
  }
  return unreached.reverse();
}
