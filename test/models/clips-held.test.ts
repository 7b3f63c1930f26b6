/** A clip is of the same numbers at whatever power of two they are held: by running layers whose values leave their clamps, for in the proof the clips are out. */
import { expect, test } from "vitest";
import { roundFp16 } from "../../src/dsl/number.ts";
import { sizeOf, type TensorType } from "../../src/dsl/type.ts";
import type { Spelling } from "../../src/models/blocks/spelling.ts";
import { layerTensors } from "../../src/models/config-tensors.ts";
import type { Decoder } from "../../src/models/decoder.ts";
import type { Exponents } from "../../src/models/exponents.ts";
import { blockPositions, hostRows } from "../../src/models/host.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import { foldRopeFactor } from "../../src/models/rope-fold.ts";
import { planOf } from "../../src/passes/run/plan.ts";
import { prepare } from "../../src/passes/run/run.ts";
import { generatedStore } from "../../src/weights/generated.ts";
import { SMALL_DECODERS } from "../support/graphs/decoders.ts";

const SIZE = { tokens: 3, maxSeq: 4 };
const RESIDUAL = 3;
const most = (bound: number) => ({ most: bound, reached: 0 });
const clamps = { q: most(0.5), k: most(0.625), v: most(0.75), gate: most(0.5), scores: most(0.125) };
const HELD = { attn: 2, mlp: 5, rows: { attn: 4, mlp: 3 }, scores: 2 };
const of = (residual: number, own: Exponents["layers"][0]): Exponents => ({ residual, layers: [own] });
const SPELLINGS: readonly Partial<Spelling>[] = [
  {},
  { projection: "linear", qkv: "split", gateUp: "split", gqa: "loop" },
  { projection: "matmul", qkv: "split", gqa: "tile", transposes: "late" },
];

/** What the block gives in double precision, hidden rows at full size. */
async function run(decoder: Decoder, how: Partial<Spelling>) {
  const residual = decoder.exponents?.residual ?? 0;
  const store = generatedStore(new Map(layerTensors(decoder, 0).map(({ name, shape }) => [name, shape])), 3);
  const built = decoderLayers(decoder, SIZE, how);
  const plan = planOf(built, { precision: "fp64" });
  const executor = await prepare([plan], store.stream);
  const positions = blockPositions(0, SIZE.tokens, SIZE.maxSeq);
  const filled = (type: TensorType, at: (k: number) => number) => ({
    ...type,
    data: Float64Array.from({ length: sizeOf(type.shape) }, (_, k) => at(k)),
  });
  const inputs = built.inputs.map(({ name = "", type }) => {
    const rows = hostRows(decoder, name, positions, SIZE.maxSeq)?.data;
    return [name, filled(type, rows ? (k) => roundFp16(rows[k]!) : (k) => Math.sin(7.3 * k + 1) * 2 ** -residual)];
  });
  const states = built.states.map(({ name, entry }) => [name, filled(entry.type, () => 0)]);
  const { outputs, states: caches } = executor.run(plan, Object.fromEntries([...inputs, ...states]));
  await Promise.all([executor.close(), store.close()]);
  const hidden = Array.from(outputs.hidden!.data, (x) => Number(x) * 2 ** residual);
  return { hidden, caches: Object.values(caches).map(({ data }) => Array.from(data, Number)) };
}

/** The decoder, and another with RoPE's factor in the rows of q and k where it can be there. */
function decodersOf(name: string): readonly Decoder[] {
  const decoder: Decoder = { ...SMALL_DECODERS.get(name)!.decoder, layers: 1, eps: 1e-9 };
  if (decoder.qkNorm !== "none" || decoder.local?.table) return [decoder];
  const lists = { shortFactor: [1, 1, 1], longFactor: [2, 2, 2] };
  const rope = { type: "longrope", originalMaxPositions: 4, attentionFactor: 1.5, ...lists } as const;
  return [decoder, foldRopeFactor({ ...decoder, rope }, "weights")];
}

test.each([...SMALL_DECODERS.keys()])("of %s", async (name) => {
  for (const decoder of decodersOf(name))
    for (const how of SPELLINGS) {
      const clipped = await run({ ...decoder, exponents: of(0, { attn: 0, mlp: 0, clamps }) }, how);
      expect(await run({ ...decoder, exponents: of(RESIDUAL, { ...HELD, clamps }) }, how)).toEqual(clipped);
      const plain = await run(decoder, how);
      expect(await run({ ...decoder, exponents: of(RESIDUAL, HELD) }, how)).toEqual(plain);
      const inside = (rows: readonly number[], k: number) => rows.some((x, at) => x !== plain.caches[k]![at]);
      expect(clipped.caches.map(inside)).toEqual([true, true]);
    }
});
