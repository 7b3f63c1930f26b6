/** `graphc emit`: the block package and its one-token twin, proven on the bytes just written; both or neither. */
import { PREDICTED_CHIPS } from "../../evidence/format/predicted-chips.ts";
import { startHashThread } from "../../files/hash-thread.ts";
import { weighsMuch } from "../emit/early-hash.ts";
import type { Command } from "../options/command.ts";
import { FUNCTIONS_OPTION } from "../options/functions-option.ts";
import { RANGES_OPTIONS } from "../options/ranges-options.ts";
import {
  ENGINE_SAFE_OPTION,
  ROPE_LIST_OPTION,
  SEED_OPTION,
  SIZE_OPTIONS,
  WEIGHTS_OPTION,
} from "../options/size-options.ts";
import { EXPLAIN_OPTION, FORMAT_OPTION } from "../options/verdict-options.ts";
import { CLAMP_OPTIONS } from "../ranges/clamp-options.ts";

/** The packages with certificate and fixtures beside them; a refutation is a no, and nothing stays. */
export const emitCommand: Command = {
  name: "emit",
  operands: "phi4-mini | CHECKPOINT | GRAPH.ts",
  arity: [1, 1],
  needs: "a model (phi4-mini) or a graph file",
  example: "phi4-mini",
  options: {
    ...WEIGHTS_OPTION,
    ...SIZE_OPTIONS,
    ...ROPE_LIST_OPTION,
    ...SEED_OPTION,
    functions: { ...FUNCTIONS_OPTION, without: ["tokens"] },
    ...CLAMP_OPTIONS,
    "engine-safe": { ...ENGINE_SAFE_OPTION, for: ["checkpoint", "graph"], without: ["ranges"] },
    out: { kind: "folder", help: "folder for the packages", default: "build" },
    force: { kind: "flag", help: "replace packages that are there already" },
    "no-prove": { kind: "flag", help: "do not prove block == steps on the bytes just written" },
    explain: { ...EXPLAIN_OPTION.explain, without: ["json", "no-prove"] },
    ...FORMAT_OPTION,
    ranges: { ...RANGES_OPTIONS.ranges, without: ["no-prove"] },
    bound: RANGES_OPTIONS.bound,
    fixtures: {
      kind: "flag",
      help: "also write inputs and expected outputs for the device tool (docs/fixtures.md)",
    },
    target: {
      kind: "choice",
      values: PREDICTED_CHIPS,
      help: "also predict what this chip's engine gives, so that a device is not held to flat bounds (docs/evidence.md)",
      with: ["fixtures"],
    },
    evidence: {
      kind: "folders",
      help: "passed one-layer build that allows --layers above 1, one for each kind of layer; else --out",
      with: ["layers"],
    },
    "ahead-of-evidence": {
      kind: "flag",
      help: "emit more than one layer without such evidence, and say so",
      with: ["layers"],
    },
  },
  notes: [
    "Writes NAME.t<T>.mlpackage and NAME.t1.mlpackage, or with --functions NAME.<functions>.mlpackage. Exit code 1 when they are not proven; nothing is written when they are refuted.",
  ],
  async run(args, io) {
    const hashing = weighsMuch(args) ? startHashThread() : undefined;
    try {
      const { emit } = await import("../emit/run.ts");
      return await emit(args, io, hashing);
    } finally {
      await hashing?.close();
    }
  },
};
