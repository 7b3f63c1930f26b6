/** A layer tells the author's line of every value, in every spelling: what calls what within it is deeper in some than in others. */
import { expect, test } from "vitest";
import { type Graph, schedule } from "../../src/dsl/graph.ts";
import { SPELLINGS } from "../../src/models/blocks/spelling.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import { SMALL_DECODERS } from "../support/graphs/decoders.ts";

const answers = Object.entries(SPELLINGS).flatMap(([question, all]) => all.map((answer) => ({ [question]: answer })));
const forms = [
  ...answers,
  ...SPELLINGS.gqa.flatMap((gqa) => SPELLINGS.norm.map((norm) => ({ gqa, norm, softmax: "decomposed" as const }))),
];
const RAISED = { residual: 2, layers: Array.from({ length: 8 }, () => ({ attn: -2, mlp: -2 })) };

/** Ops whose line is not in this file. */
const linesLost = (graph: Graph): readonly string[] =>
  schedule(graph).flatMap(({ def, site }) =>
    def.kind === "op" && !site.frames().some(({ file }) => file.endsWith("layer-lines.test.ts")) ? [def.op] : [],
  );

test.each([...SMALL_DECODERS])("%s", (_, { decoder }) => {
  const size = { tokens: 2, maxSeq: 8 };
  for (const form of forms)
    for (const each of [decoder, { ...decoder, exponents: RAISED }])
      expect([form, linesLost(decoderLayers(each, size, form))]).toEqual([form, []]);
});
