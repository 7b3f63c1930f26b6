/** `graphc parity --reference`: a block against arrays that something else computed, token by token. */
import { UserError } from "../../dsl/user-error.ts";
import { annotationLine } from "../format/github.ts";
import { requestedChip } from "../options/arithmetic.ts";
import type { Args, ExitCode } from "../options/command.ts";
import { isPackage } from "../options/operand-kind.ts";
import type { Options } from "../options/option.ts";
import { engineRun } from "../run/engine.ts";
import { engineLines } from "../run/engine-text.ts";
import { PRECISION_OPTION, plainRun } from "../run/plain-run.ts";
import { tellKinds } from "../subject/each-kind.ts";
import { requestedPair } from "../subject/pair.ts";
import type { Io } from "../terminal/io.ts";
import { referenceRows } from "./compare.ts";
import { printReference, referenceVerdict, verdictLine } from "./text.ts";
import { referenceCall } from "./values.ts";

const WITH = { with: ["reference"] } as const;

/** Options of the comparison. The bound is the one to which conformance/test_oracle_hf.py holds fp16 against transformers. */
export const REFERENCE_OPTIONS = {
  reference: {
    kind: "file",
    help: "safetensors with outputs, and states at exit, that something else computed: the block is compared with them, and with nothing else",
  },
  inputs: { kind: "file", help: "safetensors with the inputs; those of the reference's file when absent", ...WITH },
  state: { kind: "file", help: "safetensors with the states at entry; zeros when absent", ...WITH },
  precision: { ...PRECISION_OPTION, ...WITH },
  within: {
    kind: "form",
    value: "X",
    form: /^(\d+\.?\d*|\.\d+)(e-?\d+)?$/,
    like: "0.01 or 1e-5",
    help: "the largest relative L2 distance of a row (and of what the graph adds to its input, where it has one of that shape)",
    default: "0.01",
    ...WITH,
  },
} as const satisfies Options;

/** Runs the block once. Exit code 0 only when every row is near. @throws UserError for what `referenceCall` refuses */
export async function tellOfReference(args: Args, io: Io): Promise<ExitCode> {
  const within = Number(args.text("within"));
  if (!(within > 0)) throw new UserError("--within must be more than 0", "graphc run --out writes bits to compare");
  if (within >= 1) throw new UserError("--within must be below 1", "a row of zeros is at 1 from every other");
  if (args.given("seed") && args.operands.some(isPackage))
    throw new UserError("--seed does nothing beside --reference for a package", "its weights and inputs are given");
  const pair = await requestedPair(args, io);
  tellKinds(pair.model, io);
  const call = await referenceCall(pair, args);
  const chip = requestedChip(args);
  const run = chip ? engineRun(pair, chip) : plainRun(pair, args);
  const { results, engine } = await run(call.entry, io);
  const rows = referenceRows(pair, call, results, within);
  const { name, weights } = pair;
  const file = args.text("reference")!;
  const notCompared = Object.keys(pair.block.outputs).filter((output) => !call.outputs.has(output));
  const heading = { name, weights, file, within, notCompared, explain: args.flag("explain") };
  const verdict = referenceVerdict(rows);
  const json = {
    pair: name,
    weights,
    reference: file,
    within,
    verdict,
    rows,
    notCompared,
    ...(engine ? { engine } : {}),
  };
  if (args.flag("json")) io.out(JSON.stringify(json, null, 2));
  else for (const text of [printReference(rows, heading), ...(engine ? engineLines(engine) : [])]) io.out(text);
  if (args.text("format") === "github" && verdict !== "WITHIN")
    io.out(annotationLine({ level: "error", title: "parity --reference", text: verdictLine(rows, heading) }));
  return verdict === "WITHIN" ? 0 : 1;
}
