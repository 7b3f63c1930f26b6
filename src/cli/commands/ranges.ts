/** `graphc ranges`: what a checkpoint's weights guarantee for every input. */
import { checkTiedHead } from "../../build/tied-head.ts";
import { UserError } from "../../dsl/user-error.ts";
import { checkLayer } from "../../models/config.ts";
import { readDecoder } from "../../models/config-read.ts";
import { checkTensors } from "../../models/config-tensors.ts";
import { networkBounds } from "../../passes/ranges/network.ts";
import { givenRoles, ROLE_OPTIONS } from "../interface/given.ts";
import type { Args, Command } from "../options/command.ts";
import { isCheckpoint, isGraphFile } from "../options/operand-kind.ts";
import { BOUND_OPTIONS } from "../options/ranges-options.ts";
import { INPUT_SEED_OPTION, requestedSize, SIZE_OPTIONS, WEIGHTS_OPTION } from "../options/size-options.ts";
import { authorHolds, authorRanges } from "../ranges/author/author.ts";
import type { OpenedAs } from "../ranges/author/held-with.ts";
import { safeGraphOf } from "../ranges/author/safe.ts";
import { safeGraphRecord, safeGraphText } from "../ranges/author/safe-text.ts";
import { authorRecord, authorText } from "../ranges/author/text.ts";
import { boundedLayers } from "../ranges/bounded-layers.ts";
import { calibratedBeside, promptIds } from "../ranges/calibration.ts";
import { CALIBRATION_OPTIONS, CLAMP_OPTION } from "../ranges/clamp-options.ts";
import { safeModel } from "../ranges/engine-safe.ts";
import { holds, type RangesReport, rangesRecord } from "../ranges/report.ts";
import { safeRecord, safeText } from "../ranges/safe-text.ts";
import { rangesText } from "../ranges/text.ts";
import { endsOf } from "../ranges/vocabulary.ts";
import { requestedPair } from "../subject/pair.ts";
import { openFolder } from "../subject/subject.ts";
import { subjectOf } from "../subject/target.ts";
import type { Io } from "../terminal/io.ts";

/** Bounds of every layer, or of one; a limit that may be broken is a no. */
export const rangesCommand: Command = {
  name: "ranges",
  operands: "CHECKPOINT | GRAPH.ts",
  arity: [1, 1],
  needs: "a checkpoint (a Hugging Face folder or a .gguf file) or a graph file",
  example: "model.gguf",
  options: {
    layer: { kind: "whole", value: "N", min: 0, help: "one layer; all of a checkpoint when absent" },
    ...Object.fromEntries(
      Object.entries(CALIBRATION_OPTIONS).map(([name, option]) => [name, { ...option, for: ["checkpoint"] as const }]),
    ),
    ...BOUND_OPTIONS,
    weights: { ...WEIGHTS_OPTION.weights!, for: ["graph"] },
    tokens: { ...SIZE_OPTIONS.tokens, for: ["graph"] },
    "max-seq": { ...SIZE_OPTIONS["max-seq"], default: "32", for: ["graph"] },
    seed: { ...INPUT_SEED_OPTION.seed!, for: ["graph"] },
    ...Object.fromEntries(
      Object.entries(ROLE_OPTIONS).map(([name, option]) => [name, { ...option, for: ["graph"] as const }]),
    ),
    clamp: CLAMP_OPTION,
    "engine-safe": {
      kind: "flag",
      help: "choose the exponents with which every limit holds for every token sequence, as emit and build would",
      for: ["checkpoint", "graph"],
    },
  },
  notes: [
    "Behind an RMSNorm a row lies within a ball, whatever the input is: its products are bounded by the weights.",
    "Held against the engine's accumulator (32768), fp16 (65504) and the scores of P8; docs/ranges.md.",
    "With a prompt the layers are also run, and what they reach stands beside what bounds them.",
    "Of a graph file every value is bounded op by op, for every input within --bound; samples stand beside.",
    "Exit code 1 when a layer or a value may break a limit, or is not bounded.",
  ],
  async run(args, io) {
    const [operand] = args.operands as [string];
    if (isGraphFile(operand)) return args.flag("engine-safe") ? ofSafeGraph(args, io) : ofGraph(args, io);
    if (!isCheckpoint(operand))
      throw new UserError(
        `ranges needs a checkpoint or a graph file, not "${operand}"`,
        "give a Hugging Face folder or a .gguf file",
      );
    const store = await openFolder(operand);
    try {
      const { decoder, notes } = readDecoder(store.config, store.configPath);
      const found = checkTensors(decoder, store.tensors.values(), operand);
      for (const note of [...store.notes, ...notes, ...found]) io.err(`note: ${note}`);
      await checkTiedHead(decoder, store, operand);
      if (args.flag("engine-safe")) {
        if (args.given("layer"))
          throw new UserError("--engine-safe chooses for all layers of a checkpoint together", "leave out --layer");
        const safe = await safeModel(decoder, store, io, args);
        io.out(args.flag("json") ? JSON.stringify(safeRecord(safe), null, 2) : safeText(operand, safe));
        return safe.unmended.length === 0 ? 0 : 1;
      }
      const wanted = args.given("layer") ? [args.whole("layer")] : Array.from({ length: decoder.layers }, (_, n) => n);
      for (const layer of wanted) checkLayer(decoder, layer);
      const ids = await promptIds(operand, args, io);
      const layers = await boundedLayers(decoder, store, wanted, io);
      const calibrated = ids && (await calibratedBeside(decoder, store, ids, layers, io));
      const network = args.given("layer")
        ? undefined
        : networkBounds(
            layers.map(({ found }) => found),
            await endsOf(decoder, store, io),
          );
      const report: RangesReport = { layers, ...(network ? { network } : {}), ...(calibrated ? { calibrated } : {}) };
      io.out(args.flag("json") ? JSON.stringify(rangesRecord(report), null, 2) : rangesText(operand, report));
      return holds(report) ? 0 : 1;
    } finally {
      await store.close();
    }
  },
};

/** Of an author's graph, with generated weights where there are no others. */
async function ofGraph(args: Args, io: Io): Promise<0 | 1> {
  const found = await authorRanges(await requestedPair(args, io), args, io);
  io.out(args.flag("json") ? JSON.stringify(authorRecord(found), null, 2) : authorText(found));
  return authorHolds(found) ? 0 : 1;
}

/** The powers of two that would be chosen for it, and what holds with them. */
async function ofSafeGraph(args: Args, io: Io): Promise<0 | 1> {
  const subject = await subjectOf(args.operands[0]!, args, io);
  const { rolesOf } = await givenRoles(args);
  const openedAs: OpenedAs = (build) => {
    const size = requestedSize(args);
    const [block, step] = [build(size), build({ ...size, tokens: 1 })];
    return { blocks: [block], step, roles: rolesOf([block, step]), openWeights: () => subject.openWeights(block) };
  };
  const found = await safeGraphOf(subject.build, openedAs, args, io);
  io.out(args.flag("json") ? JSON.stringify(safeGraphRecord(found), null, 2) : safeGraphText(subject.name, found));
  return found.kind === "safe" ? 0 : 1;
}
