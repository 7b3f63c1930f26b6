/** `graphc survey`: how the numbers of a layer sit in their dtypes, and which RMSNorm form is safe for them. */

import { withHost } from "../../api/open-graphs.ts";
import { ROLE_OPTIONS } from "../interface/given.ts";
import { ARITHMETIC_OPTION, requestedChip } from "../options/arithmetic.ts";
import type { Command } from "../options/command.ts";
import { INPUT_SEED_OPTION, ROPE_LIST_OPTION, SIZE_OPTIONS, WEIGHTS_OPTION } from "../options/size-options.ts";
import { arithmeticLine, spelledInfinities as spelled } from "../run/engine-text.ts";
import { tellKinds } from "../subject/each-kind.ts";
import { requestedPair } from "../subject/pair.ts";
import { ropeLines } from "../subject/rope-text.ts";
import { measure } from "../survey/measure.ts";
import { surveyText } from "../survey/text.ts";

/** Figures per value over a few blocks that share their cache; a value that is not finite is a no. */
export const surveyCommand: Command = {
  name: "survey",
  operands: "phi4-mini | CHECKPOINT | GRAPH.ts",
  arity: [1, 1],
  needs: "a model (phi4-mini) or a graph file",
  example: "phi4-mini",
  options: {
    ...WEIGHTS_OPTION,
    ...SIZE_OPTIONS,
    ...ROPE_LIST_OPTION,
    ...INPUT_SEED_OPTION,
    ...ROLE_OPTIONS,
    arithmetic: ARITHMETIC_OPTION,
  },
  notes: [
    "Reports per value: max |x|, rms, subnormals, room before overflow (of its own dtype), worst channel.",
    "Looks at every element of inputs, weights, constants, results of ops, outputs and states at exit.",
    "With --weights and --layer 0 the rows are embeddings of tokens of the checkpoint, and RMSNorm of the",
    "embedding is judged on the whole vocabulary; otherwise rows are random, rms 1. Which rows it was is printed.",
    "Exit code 1 when a value is not finite.",
  ],
  async run(args, io) {
    const pair = withHost(await requestedPair(args, io));
    tellKinds(pair.model, io);
    const chip = requestedChip(args);
    const record = await measure(pair, args, io);
    if (args.flag("json")) io.out(JSON.stringify({ ...record, ropeList: pair.ropeList, arithmetic: chip }, spelled, 2));
    else
      for (const text of [
        surveyText(pair.name, pair.weights, record),
        ...ropeLines(pair, args),
        ...(chip ? [arithmeticLine(chip)] : []),
      ])
        io.out(text);
    return record.values.some((v) => v.nonFinite > 0) ? 1 : 0;
  },
};
