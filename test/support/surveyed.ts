/** What `graphc survey` is tried on: small graph files, and the small model with weights that a test chooses. */
import { join } from "node:path";
import { expect } from "vitest";
import type { SurveyRecord } from "../../src/cli/survey/measure.ts";
import { fp16Bits, roundFp16 } from "../../src/dsl/number.ts";
import { streamBase, uniformAt } from "../../src/dsl/random.ts";
import { CONFIG, checkpointOf, fileOf, folderOf, graphc, type RawTensor, TENSORS } from "./cli.ts";

export interface Surveyed {
  readonly code: number;
  readonly record: SurveyRecord;
  /** Names of the values that are not finite. */
  readonly bad: readonly string[];
}

/** The data of a survey's --json, which must be all that is printed. */
export async function survey(argv: readonly string[]): Promise<Surveyed> {
  const { code, out, err } = await graphc(["survey", ...argv, "--json"]);
  expect(err).toBe("");
  const record = JSON.parse(out) as SurveyRecord;
  return { code, record, bad: record.values.filter((v) => v.nonFinite > 0).map(({ value }) => value) };
}

/**
 * A graph file with this body, which has x [1,3,T,2], and two constants with one element that is `bad` written as
 * JavaScript and 1 elsewhere: bad [1,3,T,1] and steady [3].
 */
export function graphFile(body: string, bad = "1"): string {
  const source = `import { add, cast, concat, constant, graph, greater, identity, input, mul, named, reduce_mean, reshape, rmsNorm, rsqrt, select, square, state, sub, weight } from "graphc";
export default function g({ tokens: T }) {
  const x = input("x", [1, 3, T, 2]);
  const bad = constant(Array.from({ length: 3 * T }, (_, i) => (i === 1 ? ${bad} : 1)), [1, 3, T, 1]);
  const steady = constant([1, ${bad}, 1], [3]);
  ${body}
}`;
  return join(folderOf({ "g.ts": source }), "g.ts");
}

/** Tokens of the small model, and channels of its rows. */
export const [VOCAB, D] = [CONFIG.vocab_size as number, CONFIG.hidden_size as number];

/** Embeddings of rms 1 of every token, one token after the other. */
export const embedding = (): readonly number[] =>
  Array.from({ length: VOCAB * D }, (_, i) => roundFp16(Math.sqrt(3) * uniformAt(streamBase(3, 1), i)));

/** An fp16 tensor of a checkpoint. */
export const fp16Tensor = (name: string, shape: readonly number[], data: readonly number[]): RawTensor => ({
  ...{ name, dtype: "F16", shape },
  data: new Uint8Array(Uint16Array.from(data, fp16Bits).buffer),
});

/**
 * The small model with this embedding. Element i of every o_proj is `attention(i)`: nothing is added to the rows when it
 * is absent. The MLP always adds next to nothing, so that its rows are tiny.
 */
export function checkpoint(rows: readonly number[], attention: (i: number) => number = () => 0): string {
  const chosen = (name: string): ((i: number) => number) | undefined => {
    if (name === "model.embed_tokens.weight") return (i) => rows[i]!;
    if (name.endsWith("o_proj.weight")) return attention;
    return name.endsWith("down_proj.weight") ? () => 2 ** -20 : undefined;
  };
  const tensors = TENSORS.map((tensor) => {
    const element = chosen(tensor.name);
    const size = tensor.shape.reduce((n, m) => n * m, 1);
    return element
      ? fp16Tensor(
          tensor.name,
          tensor.shape,
          Array.from({ length: size }, (_, i) => element(i)),
        )
      : tensor;
  });
  return checkpointOf({ "model.safetensors": fileOf(tensors) });
}

/** The arguments that survey the small model. */
export const model = (folder: string, ...options: readonly string[]): readonly string[] => [
  ...["phi4-mini", "--weights", folder, "--max-seq", "32"],
  ...options,
];
