/** States that stay in the executor: call after call what comes of giving each call what the one before left. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import { add, matmul, mul, reduce_sum, reshape, sub } from "../../../src/dsl/ops/index.ts";
import { constant, input, state, type Tensor } from "../../../src/dsl/tensor.ts";
import { sizeOf } from "../../../src/dsl/type.ts";
import { readDecoder } from "../../../src/models/config-read.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { type RawArray, toRaw } from "../../../src/passes/kernels/raw.ts";
import type { Plan } from "../../../src/passes/run/plan.ts";
import { planOf } from "../../../src/passes/run/plan.ts";
import { memoryOf, prepare } from "../../../src/passes/run/run.ts";
import { movedStates } from "../../../src/passes/run/states.ts";
import { TINY_CONFIG } from "../../support/graphs/tiny-phi.ts";
import { awkward, streamOf } from "../../support/kernels.ts";
import { type Random, randomFrom } from "../../support/ops/draw.ts";

type Arrays = Readonly<Record<string, RawArray>>;
type Ways = [number, number, number, number];
type Half = Tensor<readonly number[], "fp16">;

const SHAPE = [4, 4] as const;
const [R, S, T] = ["r", "s", "t"] as const;

/** What can become of a state, of three at entry and an input. */
const EXITS: readonly ((own: Half, others: readonly Half[], x: Half) => Half)[] = [
  (own) => own,
  (_, [other]) => other!,
  (_own, _others, x) => x,
  () =>
    constant(
      Array.from({ length: 16 }, (_, n) => n - 3.5),
      SHAPE,
    ),
  (own, _, x) => add(mul(own, 0.5), x),
  (own, [, other], x) => sub(mul(x, own), other!),
  (own) => reshape(mul(reshape(own, { shape: [16] }), -2), { shape: SHAPE }),
  // A product reads a row of it for every element.
  (own, [other]) => matmul(own, other!),
  (own, _, x) => matmul(matmul(x, own), x),
  // In two steps that may write over what they read, and nearly so.
  (own, _, x) => sub(x, mul(own, reduce_sum(x, { axes: [1], keep_dims: true }))),
  (own, _, x) => add(mul(own, x), own),
  (own, _, x) => {
    const product = mul(own, x);
    return add(product, matmul(product, x));
  },
  (own) =>
    mul(add(own, reduce_sum(own, { axes: [0], keep_dims: true })), reduce_sum(own, { axes: [1], keep_dims: true })),
  (own, _, x) => matmul(mul(own, x), x),
];

/** Three states, which end as the numbers say, one number being what several may share; outputs read entries, exits and both. */
function threeStates(ways: readonly number[]): Graph {
  const x = input("x", SHAPE);
  const entries = [R, S, T].map((name) => state(name, SHAPE));
  const shared = mul(x, 3);
  const exits = entries.map((own, n) => EXITS[ways[n]!]?.(own, entries.toSpliced(n, 1), x) ?? shared);
  const all = [...entries, ...exits].reduce<Half>((sum, y) => add(sum, y), x);
  const outputs = [
    { all },
    { late: entries[0]!, sum: reduce_sum(exits[1]!, { axes: [0] }) },
    { exit: exits[2]!, view: reshape(exits[0]!, { shape: [16] }), x: mul(x, 2) },
  ][ways[3]!]!;
  return graph({ name: "g", inputs: [x], outputs, states: entries.map((own, n) => [own, exits[n]!] as const) });
}

const zeros = (plan: Plan): Arrays =>
  Object.fromEntries(
    plan.graph.states.map(({ name, entry: { type } }) => [
      name,
      toRaw({ ...type, data: new Float64Array(sizeOf(type.shape)) }),
    ]),
  );

/** Calls the graphs in turn, with the states kept inside and handed from call to call. Gives how many states had to be moved. */
async function expectKept(graphs: readonly Graph[], random: Random, precision: "fp16" | "fp64"): Promise<number> {
  const weights = streamOf((source, type) => awkward(type, randomFrom(JSON.stringify(source).length)));
  const given = graphs.map((g) => planOf(g, { precision }));
  const kept = graphs.map((g) => planOf(g, { precision, keepStates: true }));
  const [outside, inside] = [await prepare(given, weights), await prepare(kept, weights, { threads: 2 })];
  let states = zeros(given[0]!);
  for (let call = 0; call < 5; call++) {
    const n = Math.floor(random() * graphs.length);
    const values = Object.fromEntries(graphs[n]!.inputs.map((x) => [x.name!, toRaw(awkward(x.type, random))]));
    const wanted = outside.run(given[n]!, { ...values, ...states });
    states = wanted.states;
    expect(inside.run(kept[n]!, values)).toEqual({ outputs: wanted.outputs, states: {} });
  }
  await Promise.all([outside.close(), inside.close()]);
  return movedStates(kept[0]!).length;
}

/** All as they were; all the input. */
const NONE_AND_ALL_MOVED: [Ways, Ways, number][] = [
  [[0, 0, 0, 0], [0, 0, 0, 0], 1],
  [[2, 2, 2, 0], [2, 2, 2, 0], 1],
];

test.each(["fp16", "fp64"] as const)(
  "whatever becomes of them, calls of plans that share them say the same in %s",
  async (precision) => {
    const way = fc.nat(EXITS.length);
    const ways = fc.tuple(way, way, way, fc.nat(2));
    const moved: number[] = [];
    await fc.assert(
      fc.asyncProperty(ways, ways, fc.nat(), async (one, other, seed) => {
        moved.push(await expectKept([threeStates(one), threeStates(other)], randomFrom(seed), precision));
      }),
      { numRuns: 60, examples: NONE_AND_ALL_MOVED },
    );
    expect(Math.min(...moved)).toBe(0);
    expect(Math.max(...moved)).toBe(3);
  },
);

const layers = (tokens: number) =>
  decoderLayers(readDecoder(TINY_CONFIG, "config.json").decoder, { tokens, maxSeq: 16 }, { count: 2 });

test("layers for one token and for four share their caches, which are written in place", async () => {
  expect(await expectKept([layers(4), layers(1)], randomFrom(5), "fp16")).toBe(0);
  // Of each of four caches what it was, what is kept of it, and what it is then.
  expect(planOf(layers(4), { keepStates: true }).kept.size).toBe(12);
});

test("their memory is counted once", () => {
  const plans = [4, 1].map((tokens) => planOf(layers(tokens), { keepStates: true }));
  const { machine } = memoryOf(plans);
  expect(machine).toBeLessThanOrEqual(memoryOf([4, 1].map((tokens) => planOf(layers(tokens)))).machine);
});

test("plans whose states of one name differ cannot share them", async () => {
  const of = (size: number) => {
    const s = state("s", [size]);
    return planOf(graph({ name: "g", inputs: [], outputs: { y: mul(s, 3) }, states: [[s, mul(s, 2)]] }), {
      keepStates: true,
    });
  };
  const none = streamOf(() => {
    throw new Error("no weight was expected");
  });
  await expect(prepare([of(2), of(3)], none)).rejects.toThrow('plans cannot share state "s": it is fp16[2]');
});
