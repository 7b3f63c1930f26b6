/** `graphc prove`: the block of T tokens equals T single-token calls, for all weights, inputs and caches. */
import { join } from "node:path";
import { proofOf } from "../../api/proof.ts";
import { dumpCounterexample, dumpFeed } from "../../evidence/dump.ts";
import type { Counterexample } from "../../passes/prove/refute/shrink.ts";
import { certificate } from "../../passes/prove/report/certificate.ts";
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import { ROLE_OPTIONS } from "../interface/given.ts";
import { ALL_COUNTS, leftOutRecord } from "../interface/outputs.ts";
import type { Args, Command } from "../options/command.ts";
import { RANGES_OPTIONS } from "../options/ranges-options.ts";
import { CHECKPOINT_OPTION, SIZE_OPTIONS, TOKENS_OF_PACKAGES } from "../options/size-options.ts";
import { EXPLAIN_OPTION, FORMAT_OPTION } from "../options/verdict-options.ts";
import { checkWeighed, guaranteedBy, rangesClaim } from "../ranges/claim.ts";
import { claimLines, type RangesRecord } from "../ranges/claim-record.ts";
import { COMPARED_FUNCTIONS, tellOfEachFunction } from "../subject/each-function.ts";
import { EACH_KIND_NOTE, type Told } from "../subject/each-kind.ts";
import { comparedPair, type OpenPair } from "../subject/pair.ts";
import type { Io } from "../terminal/io.ts";
import { TOOL_VERSION } from "../terminal/version.ts";
import { verdictAnnotations } from "../verdict/annotate.ts";
import { aloneLines, ownDump } from "../verdict/own-text.ts";
import { claimOf, plainVerdict } from "../verdict/prove-text.ts";
import { tellVerdict } from "../verdict/tell.ts";

/** The verdict, and with --json its certificate; anything but a proof is a no. */
export const proveCommand: Command = {
  name: "prove",
  operands: "phi4-mini | CHECKPOINT | GRAPH.ts | BLOCK.mlpackage [STEP.mlpackage]",
  arity: [1, 2],
  needs: "a model (phi4-mini), a graph file, or a block package with its one-token twin",
  example: "phi4-mini",
  options: {
    weights: {
      ...CHECKPOINT_OPTION,
      help: `${CHECKPOINT_OPTION.help}, whose weights are looked at for P7`,
      for: ["model", "graph"],
    },
    ranges: RANGES_OPTIONS.ranges,
    bound: { ...RANGES_OPTIONS.bound, with: ["ranges"] },
    ...SIZE_OPTIONS,
    ...TOKENS_OF_PACKAGES,
    ...COMPARED_FUNCTIONS,
    ...ROLE_OPTIONS,
    dump: { kind: "folder", help: "write the counterexample, for graphc run to replay" },
    ...EXPLAIN_OPTION,
    ...FORMAT_OPTION,
  },
  notes: [
    "PROVEN (exact): equal bits up to the sign of zero. PROVEN (reals): equal over the real numbers.",
    EACH_KIND_NOTE,
    "REFUTED: with an input on which they differ. NOT PROVEN: anything else. Exit code 0 when proven, else 1.",
  ],
  run: (args, io) => tellOfEachFunction(args, io, told),
};

async function told(args: Args, io: Io): Promise<Told> {
  const pair = await comparedPair(args, io);
  checkWeighed(args, pair);
  const { verdict, alone } = await proofOf(pair, io);
  const ranges = await rangesOf(pair, verdict, args, io);
  if (!args.flag("json")) {
    const lines = ranges ? claimLines(ranges) : [];
    const told = tellVerdict(verdict, args, pair.leftOut);
    io.out([told, ...aloneLines(alone), ...lines].join("\n"));
    if (args.text("format") === "github") for (const line of verdictAnnotations(verdict, told)) io.out(line);
  }
  const dump = args.text("dump");
  if (dump !== undefined && verdict.verdict === "REFUTED") io.err(await dumped(dump, verdict.counterexample));
  // Printed last, since a dump that fails prints an error as JSON: standard output holds one JSON value.
  const json = { ...verdictRecord(verdict, pair, ranges), ...(alone > 0 ? { heldAlone: alone } : {}) };
  return { code: claimOf(verdict).startsWith("PROVEN") ? 0 : 1, json, ...(pair.model ? { model: pair.model } : {}) };
}

/** Writes it, and says how it is run again. */
async function dumped(dump: string, found: Counterexample): Promise<string> {
  if (found.weights === "own") {
    await dumpFeed(dump, found);
    return ownDump(dump);
  }
  await dumpCounterexample(dump, found);
  return `replay: graphc run ${["block.mlpackage", "step.mlpackage"].map((x) => join(dump, x)).join(" ")} ${replay(dump)}`;
}

const replay = (dump: string): string =>
  `--inputs ${join(dump, "block.inputs.safetensors")} --state ${join(dump, "state.safetensors")}`;

/** The verdict, and with a proof the certificate that it is worth. */
const verdictRecord = (
  verdict: Verdict,
  { block, step, whole = { block, step }, leftOut = ALL_COUNTS }: OpenPair,
  ranges: RangesRecord | undefined,
) => {
  const more = { ...leftOutRecord(leftOut), ...(ranges ? { ranges } : {}) };
  return {
    ...(plainVerdict(verdict) as object),
    ...more,
    certificate: { ...certificate(verdict, whole, TOOL_VERSION), ...more },
  };
};

/** What the weights guarantee beside the proof, if it was asked for: of all that the graphs compute, also of what does not count. */
async function rangesOf(pair: OpenPair, verdict: Verdict, args: Args, io: Io): Promise<RangesRecord | undefined> {
  const { block, step } = pair.whole ?? pair;
  const { config, given: roles } = pair;
  const guaranteed = await guaranteedBy(
    { blocks: [block], step, roles, config, openWeights: () => pair.openWeights() },
    args,
    io,
  );
  return guaranteed && rangesClaim(guaranteed, verdict);
}
