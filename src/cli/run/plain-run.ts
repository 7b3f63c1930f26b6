/** One call of a graph in the reference's arithmetic, or in doubles. */
import { checkMemory } from "../../api/memory.ts";
import { planOf } from "../../passes/run/plan.ts";
import type { Args } from "../options/command.ts";
import type { Option } from "../options/option.ts";
import type { OpenPair } from "../subject/pair.ts";
import { onExecutor, type Run } from "./engine.ts";

/** What a graph is evaluated in. */
export const PRECISION_OPTION = {
  kind: "choice",
  values: ["fp16", "fp64"],
  help: "fp16, the reference, or fp64, the yardstick",
  default: "fp16",
} as const satisfies Option;

/** The plan comes before any array is made, so that what does not fit into memory is said and not tried. */
export function plainRun(pair: OpenPair, args: Args): Run {
  const precision = args.text("precision") === "fp64" ? "fp64" : "fp16";
  const plan = planOf(pair.block, { precision });
  checkMemory([plan], "this run");
  return async (values, io) => ({
    results: await onExecutor(pair, [plan], io, (executor) => executor.run(plan, values)),
  });
}
