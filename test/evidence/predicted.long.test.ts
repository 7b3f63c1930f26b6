/** At true size: the engine's own arithmetic is within the bounds that are predicted of it and beyond the flat ones; the mildest fault is beyond both. */
import { expect, test } from "vitest";
import { schedule } from "../../src/dsl/graph.ts";
import { within } from "../../src/evidence/judge/bounds.ts";
import { boundsOfRows } from "../../src/evidence/judge/row-bounds.ts";
import { PHI4_MINI } from "../../src/models/config.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import { toNDArray, toRaw } from "../../src/passes/kernels/raw.ts";
import { distance } from "../../src/passes/parity/metrics.ts";
import { record } from "../../src/passes/parity/record/record.ts";
import { planOf } from "../../src/passes/run/plan.ts";
import { prepare } from "../../src/passes/run/run.ts";
import { generatedStore, storedShapes } from "../../src/weights/generated.ts";

const size = { tokens: 4, maxSeq: 64 };

test("RoPE without its attention factor is told from a device that is as far off as predicted", {
  timeout: 120_000,
}, async () => {
  const block = decoderLayers(PHI4_MINI, size);
  const step = decoderLayers(PHI4_MINI, { ...size, tokens: 1 });
  const store = generatedStore(storedShapes(schedule(block)));
  const plans = [planOf(block, { precision: "engine" }), planOf(step), planOf(block, { precision: "fp64" })] as const;
  const executor = await prepare(plans, store.stream);
  type Values = Parameters<typeof executor.run>[1];
  const { attentionFactor } = PHI4_MINI.rope as unknown as { readonly attentionFactor: number };
  expect(attentionFactor).toBeGreaterThan(1.1);
  const faulty = (values: Values): Values =>
    Object.fromEntries(
      Object.entries(values).map(([name, array]) => {
        if (!name.startsWith("rope_")) return [name, array];
        const x = toNDArray(array);
        return [name, toRaw({ ...x, data: x.data.map((v) => v / attentionFactor) })];
      }),
    );
  const calls = [{ label: "first", rows: [0, 1, 2, 3], accepted: 4 }];
  const runPredicted = (values: Values) => executor.run(plans[0], values);
  const recorded = (broken: boolean) =>
    record(
      {
        block,
        step,
        runBlock: (values) => executor.run(plans[0], broken ? faulty(values) : values),
        runStep: (values) => executor.run(plans[1], values),
      },
      (values) => executor.run(plans[2], values),
      { config: PHI4_MINI, calls: calls as never, runPredicted },
    );
  const [sound, broken] = [await recorded(false), await recorded(true)];
  const bounds = boundsOfRows(sound).predicted!;
  // K is turned, and shows the fault; rows of its state are along axis 2.
  const [k] = sound.states;
  const rows = (recording: typeof sound) =>
    calls[0]!.rows.map((token) => {
      const [a, x] = [recording.calls[0]!.block.rows[k!.name]!, sound.calls[0]!.exact.rows[k!.name]!].map(toNDArray);
      const [, heads, tokens, width] = a!.shape as [number, number, number, number];
      const row = (data: Float64Array) =>
        Array.from(
          { length: heads * width },
          (_, i) => data[(Math.floor(i / width) * tokens + token) * width + (i % width)]!,
        );
      const { relativeL2, cosine, worstOverRms } = distance(row(a!.data), row(x!.data));
      const figures = { relativeL2, oneMinusCosine: Math.max(0, cosine), worstOverRms, finite: true };
      return { figures, bound: bounds.get(JSON.stringify([0, token, k!.name]))! };
    });
  for (const { figures, bound } of rows(sound)) {
    expect(within({ figures }, bound)).toBe(true);
    expect(within({ figures })).toBe(false);
  }
  for (const { figures, bound } of rows(broken)) expect(within({ figures }, bound)).toBe(false);
  await executor.close();
});
