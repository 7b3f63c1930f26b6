/** `graphc parity`: a block of T tokens against T single tokens, bit for bit, chained through the state. */
import { withHost } from "../../api/open-graphs.ts";
import { parityOf } from "../../api/parity-run.ts";
import type { Accumulate } from "../../passes/kernels/accumulate.ts";
import type { ParityReport } from "../../passes/parity/parity.ts";
import { annotationLine } from "../format/github.ts";
import { ROLE_OPTIONS } from "../interface/given.ts";
import { ALL_COUNTS, leftOutRecord } from "../interface/outputs.ts";
import { ARITHMETIC_OPTION, requestedChip } from "../options/arithmetic.ts";
import type { Args, Command } from "../options/command.ts";
import {
  INPUT_SEED_OPTION,
  ROPE_LIST_OPTION,
  SIZE_OPTIONS,
  TOKENS_OF_PACKAGES,
  WEIGHTS_OPTION,
} from "../options/size-options.ts";
import { EXPLAIN_OPTION, FORMAT_OPTION } from "../options/verdict-options.ts";
import { REFERENCE_OPTIONS, tellOfReference } from "../reference/tell.ts";
import { type EngineParity, parityLines, watchParity } from "../run/engine-parity.ts";
import { COMPARED_FUNCTIONS, tellOfEachFunction } from "../subject/each-function.ts";
import { EACH_KIND_NOTE, type Told } from "../subject/each-kind.ts";
import { comparedPair, type OpenPair } from "../subject/pair.ts";
import { ropeLines } from "../subject/rope-text.ts";
import type { Io } from "../terminal/io.ts";
import { parityVerdict, printParity } from "../verdict/parity-text.ts";

/** Terms in a chunk of the block, and of the steps. */
const CHUNKS = /^fp16:(\d+)\/(\d+)$/;

/** Runs blocks against single tokens; a difference in any bit is a no. */
export const parityCommand: Command = {
  name: "parity",
  operands: "phi4-mini | CHECKPOINT | GRAPH.ts | BLOCK.mlpackage [STEP.mlpackage]",
  arity: [1, 2],
  needs: "a model (phi4-mini), a graph file, or a block package with its one-token twin",
  example: "phi4-mini",
  options: {
    ...WEIGHTS_OPTION,
    ...SIZE_OPTIONS,
    "rope-list": { ...ROPE_LIST_OPTION["rope-list"], without: ["reference"] },
    ...TOKENS_OF_PACKAGES,
    ...COMPARED_FUNCTIONS,
    ...INPUT_SEED_OPTION,
    ...ROLE_OPTIONS,
    explain: { ...EXPLAIN_OPTION.explain, help: "show every row that was compared, and every role" },
    ...FORMAT_OPTION,
    ...REFERENCE_OPTIONS,
    threads: {
      kind: "whole",
      value: "N",
      min: 1,
      max: 2,
      help: "the bits are the same",
      default: "1",
      without: ["reference"],
    },
    arithmetic: { ...ARITHMETIC_OPTION, without: ["accumulate", "precision"] },
    accumulate: {
      kind: "form",
      value: "fp16:A/B",
      form: CHUNKS,
      like: "fp16:32/256",
      help: "model hardware that sums in fp16 chunks of A terms in the block, B in the steps",
      without: ["reference"],
    },
  },
  notes: [
    "Three sequences, each with a seed of its own and caches full of garbage: as a host decodes (tokens rejected, stale rows written over, scattered and padded blocks, the last block that fits); at the end of a full cache, with rows as large as the graph bears; and small rows from the first cache row. What was exercised is printed.",
    EACH_KIND_NOTE,
    "With --reference the block runs once, on the inputs of the file, and each token's row is held against the file's: whole numbers must be equal, others within a distance.",
    "Exit code 0 only when every bit is equal (the sign of zero aside), and finite wherever a host decodes.",
  ],
  run: (args, io) => (args.given("reference") ? tellOfReference(args, io) : tellOfEachFunction(args, io, told)),
};

async function told(args: Args, io: Io): Promise<Told> {
  const pair = await comparedPair(args, io);
  const { name, weights, ropeList, model, leftOut = ALL_COUNTS } = pair;
  const started = performance.now();
  const { report, engine } = await compareRuns(pair, args, io);
  const seconds = (performance.now() - started) / 1000;
  if (!args.flag("json"))
    for (const text of [
      printParity(report, {
        name,
        weights,
        seconds,
        fed: ropeLines(pair, args),
        leftOut,
        explain: args.flag("explain"),
      }),
      ...(engine ? parityLines(engine, report.equal) : []),
    ])
      io.out(text);
  if (args.text("format") === "github" && !report.equal)
    io.out(annotationLine({ level: "error", title: "parity", text: parityVerdict(report) }));
  const json = {
    ...leftOutRecord(leftOut),
    pair: name,
    weights,
    ropeList,
    seconds,
    ...report,
    ...(engine ? { engine } : {}),
  };
  return { code: report.equal ? 0 : 1, json, ...(model ? { model } : {}) };
}

interface Compared {
  readonly report: ParityReport;
  readonly engine?: EngineParity;
}

async function compareRuns(pair: OpenPair, args: Args, io: Io): Promise<Compared> {
  const chip = requestedChip(args);
  const watched = chip ? watchParity(withHost(pair), chip) : undefined;
  const plans = watched?.plans ?? accumulation(args.text("accumulate"));
  const how = { seed: args.whole("seed"), threads: args.whole("threads"), plans, ...watched };
  const report = await parityOf(pair, { ...how, asks: args.text("accumulate") === undefined }, io);
  return { report, ...(watched ? { engine: watched.report() } : {}) };
}

/** `fp16:32/256` as the model of the block and of the steps. */
function accumulation(text: string | undefined): readonly [{ accumulate?: Accumulate }, { accumulate?: Accumulate }] {
  const match = CHUNKS.exec(text ?? "");
  if (!match) return [{}, {}];
  const model = (chunk: string) => ({ accumulate: { dtype: "fp16", chunk: Number(chunk) } }) as const;
  return [model(match[1]!), model(match[2]!)];
}
