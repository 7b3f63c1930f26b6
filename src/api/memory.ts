/** Whether the memory will do for a run, said before any work. */
import { availableMemory } from "node:process";
import { UserError } from "../dsl/user-error.ts";
import { bytes } from "../files/bytes.ts";
import { checkMachine } from "../passes/run/layout.ts";
import type { Plan } from "../passes/run/plan.ts";
import { memoryOf } from "../passes/run/run.ts";

/** Bytes that a process may still take, of a machine or of the share of it that it was given. */
export const freeMemory = (): number => availableMemory();

/** Says that the memory will not do. `free` is what the machine has. @throws UserError */
export function checkMemory(
  plans: readonly Plan[],
  what: string,
  { threads = 1, free = freeMemory() }: { readonly threads?: number; readonly free?: number } = {},
): void {
  const { machine, outside } = memoryOf(plans, { threads });
  if (machine + outside > free)
    throw new UserError(
      `${what} needs ${bytes(machine + outside)} of memory, and ${bytes(free)} is free`,
      "lower --max-seq, --tokens or --layers, whichever the graph has",
    );
  checkMachine(machine);
}
