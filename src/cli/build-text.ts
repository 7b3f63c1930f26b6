/** What a build will write, or has written, as a table. */
import { type BuildPlan, quantizeText, rangeText } from "../build/plan.ts";
import { bytes, table } from "./table.ts";

/** One line a part, then the settings. */
export function planText({ shards, heads, embedding, bytes: all, settings, model, decoder }: BuildPlan): string {
  const rows = [
    ...shards.map(({ begin, end, path, bytes: n }) => ["shard", `layers ${begin} to ${end - 1}`, path, bytes(n)]),
    ...heads.map(({ begin, end, path, bytes: n }) => ["head", `tokens ${begin} to ${end - 1}`, path, bytes(n)]),
    ["embedding", `${decoder.vocab} rows`, embedding.path, bytes(embedding.bytes)],
  ];
  const fold = decoder.ropeFold;
  const factor = fold ? `, RoPE's factor ${fold.factor} in the ${fold.into}` : "";
  return [
    table(["part", "holds", "path", "size"], rows),
    `${model.family}, ${decoder.layers} layers, T=${rangeText(settings.tokens)}, max_seq ${settings.maxSeq}, ${settings.quantize.how === "none" ? "fp16" : quantizeText(settings.quantize)}, for ${settings.host}${factor}; ${bytes(all)} in all`,
  ].join("\n");
}
