/** Arbitraries keep what they promise, whatever is drawn, and draw what they are there for. */
import fc from "fast-check";
import {
  add,
  decoderLayers,
  evaluate,
  generatedWeights,
  graph,
  input,
  type ModelInput,
  readDecoder,
  run,
  SPELLINGS,
} from "graphc";
import { acceptedLengths, assertProven, type FedCall, feeds, sizes, smallConfigs, spellings } from "graphc/testing";
import { expect, test } from "vitest";
import { twinsOf } from "../../src/dsl/host/twins.ts";
import { contractProblems } from "../../src/passes/parity/contract-check.ts";
import { layer } from "../support/testing/layers.ts";

const drawn = <X>(arbitrary: fc.Arbitrary<X>, n = 200): readonly X[] => fc.sample(arbitrary, { numRuns: n, seed: 11 });

test("accepted lengths: each block fits behind what was kept, and all of 0 to T are drawn", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(20), fc.nat(2 ** 31), (tokens, beyond, seed) => {
      const [accepted] = fc.sample(acceptedLengths({ tokens, maxSeq: tokens + beyond }), { numRuns: 1, seed });
      expect(accepted!.length).toBeGreaterThan(0);
      let next = 0;
      for (const kept of accepted!) {
        expect(next + tokens).toBeLessThanOrEqual(tokens + beyond);
        expect(kept >= 0 && kept <= tokens).toBe(true);
        next += kept;
      }
    }),
  );
  const all = drawn(acceptedLengths({ tokens: 3, maxSeq: 30, calls: 4 }));
  expect(new Set(all.flat())).toEqual(new Set([0, 1, 2, 3]));
  expect(new Set(all.map(({ length }) => length))).toEqual(new Set([1, 2, 3, 4]));
});

test("sizes have two tokens or more, and a cache that holds more than they are", () => {
  const all = drawn(sizes({ mostTokens: 3, mostRowsBeyond: 2 }));
  expect(new Set(all.map(({ tokens, maxSeq }) => `${tokens} ${maxSeq - tokens}`))).toEqual(
    new Set(["2 1", "2 2", "3 1", "3 2"]),
  );
});

test("spellings vary the questions that are asked, and each answer is drawn", () => {
  const all = drawn(spellings(), 500);
  for (const [question, answers] of Object.entries(SPELLINGS))
    expect(new Set(all.map((one) => one[question as keyof typeof one]))).toEqual(new Set(answers));
  const some = drawn(spellings(["gqa", "rope"]));
  expect(new Set(some.map(({ gqa, rope, ...rest }) => JSON.stringify(rest))).size).toBe(1);
  expect(new Set(some.map(({ gqa, rope }) => `${gqa} ${rope}`)).size).toBe(6);
});

test("small configurations of every architecture are read, built and proven", async () => {
  const all = drawn(smallConfigs(), 80);
  expect(new Set(all.map((config) => config.model_type)).size).toBe(8);
  for (const config of all) decoderLayers(readDecoder(config, "drawn").decoder, { tokens: 2, maxSeq: 4 });
  await fc.assert(
    fc.asyncProperty(
      smallConfigs(["llama", "qwen3"]),
      spellings(["qkv", "gqa", "transposes"]),
      async (config, spelling) => {
        const { decoder } = readDecoder(config, "drawn");
        await assertProven({
          model: (size: ModelInput) => decoderLayers(decoder, size, spelling),
          tokens: 2,
          maxSeq: 4,
        });
      },
    ),
    { numRuns: 2, seed: 2 },
  );
  expect(new Set(drawn(smallConfigs(["gemma2"])).map((config) => config.model_type))).toEqual(new Set(["gemma2"]));
});

const subject = { model: layer(), tokens: 3, maxSeq: 6 };
const [block, step] = [layer()({ tokens: 3, maxSeq: 6 }), layer()({ tokens: 1, maxSeq: 6 })];

test("feeds keep the contract of every role: what run checks of what somebody feeds finds nothing", () => {
  const twins = twinsOf(block, step);
  const all = drawn(feeds(subject), 300);
  for (const { block: fed, steps } of all) {
    expect(contractProblems(block, twins.roles, fed, 6)).toEqual([]);
    for (const { values } of steps) expect(contractProblems(step, twins.roles, values, 6)).toEqual([]);
  }
  // The check finds a mask that is broken.
  const [{ block: fed }] = all as [FedCall];
  const mask = { ...fed.attn_mask!, data: fed.attn_mask!.data.map(() => 1) };
  expect(contractProblems(block, twins.roles, { ...fed, attn_mask: mask }, 6)).not.toEqual([]);
});

test("rows in order and scattered ones, padding, and caches that are seen in part are all drawn", () => {
  const all = drawn(feeds(subject), 300);
  const inOrder = ({ rows }: FedCall) => rows.every((row, t) => row === rows[0]! + t);
  const shown = ({ block: fed }: FedCall) => fed.attn_mask!.data.filter((x) => x === 0).length;
  expect(all.some(inOrder)).toBe(true);
  expect(all.some((one) => !inOrder(one) && one.rows.every((row) => row !== undefined))).toBe(true);
  expect(all.some(({ rows }) => rows.includes(undefined))).toBe(true);
  expect(
    all.every(({ steps, rows }) => steps.length > 0 && steps.length === rows.filter((r) => r !== undefined).length),
  ).toBe(true);
  expect(new Set(all.map(shown)).size).toBeGreaterThan(5);
});

test("a block and its steps on what was drawn give the same rows: of the right layer, and not of the wrong one", async () => {
  const differs = async (model: typeof subject.model): Promise<boolean> => {
    const [whole, one] = [model({ tokens: 3, maxSeq: 6 }), model({ tokens: 1, maxSeq: 6 })];
    const weights = generatedWeights(whole);
    const property = fc.asyncProperty(feeds({ ...subject, model }), async ({ block: fed, steps, states }) => {
      const all = await run(whole, { ...fed, ...states }, { weights, precision: "fp64", step: one });
      let before: Record<string, (typeof all.states)[string]> = { ...states };
      for (const { token, values } of steps) {
        const { outputs, states: after } = await run(one, { ...values, ...before }, { weights, precision: "fp64" });
        before = { ...after };
        const row = Array.from(all.outputs.hidden!.data).filter((_, i) => i % 3 === token);
        if (Array.from(outputs.hidden!.data).join() !== row.join()) return false;
      }
      return true;
    });
    return (await fc.check(property, { numRuns: 6, seed: 4 })).failed;
  };
  expect(await differs(layer())).toBe(false);
  expect(await differs(layer("flattened"))).toBe(true);
});

test("a graph without a cache is fed too, and evaluate takes what run takes", () => {
  const adder = (T: number) => {
    const x = input("x", [1, 4, T, 1], "fp16", { role: "rows" });
    return graph({ name: `adder_t${T}`, inputs: [x], outputs: { y: add(x, 1) } });
  };
  const [{ block: fed, states }] = drawn(feeds({ block: adder(2), step: adder(1) }), 1) as [FedCall];
  expect(Object.keys(evaluate(adder(2), { values: { ...fed, ...states } }).outputs)).toEqual(["y"]);
});
