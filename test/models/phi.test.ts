/** The Phi layer at small sizes: block against steps, every spelling against an independent oracle, names, interface. */
import { describe, expect, test } from "vitest";
import { graph, schedule } from "../../src/dsl/graph.ts";
import { constant, input } from "../../src/dsl/tensor.ts";
import { show } from "../../src/dsl/type.ts";
import { type NormForm, rmsNorm } from "../../src/models/blocks/norm.ts";
import type { Spelling } from "../../src/models/blocks/spelling.ts";
import { PHI4_MINI } from "../../src/models/config.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import { arrayOf, type NDArray } from "../../src/passes/interpret/array.ts";
import { evaluate, type Results } from "../../src/passes/interpret/evaluate.ts";
import { runOracle } from "../support/phi/oracle-run.ts";
import { type Call, ONE_CHANGE, randomCall, run, runSteps, SMALL, spellingName } from "../support/phi/phi.ts";

const T = 3;
const maxSeq = 9;
const seed = 7;

/** Equal bits, the sign of zero aside. */
function expectSame(block: Results, steps: Results): void {
  const bits = (array: NDArray) => [...array.data].map((x) => x + 0);
  expect(bits(block.outputs.hidden!)).toEqual(bits(steps.outputs.hidden!));
  for (const [name, state] of Object.entries(block.states)) expect(bits(state)).toEqual(bits(steps.states[name]!));
}

describe.each(ONE_CHANGE.map((spelling) => [spellingName(spelling), spelling] as const))("%s", (_, spelling) => {
  const block = decoderLayers(SMALL, { tokens: T, maxSeq }, spelling);
  const step = decoderLayers(SMALL, { tokens: 1, maxSeq }, spelling);

  test("a block does what single steps do, bit for bit", () => {
    for (const start of [0, 4, maxSeq - T]) {
      const call = randomCall(block, SMALL, start, seed);
      expectSame(run(block, call), runSteps(step, call));
    }
  });

  test("the block gives the oracle's hidden rows and cache", () => {
    const call: Call = { ...randomCall(block, SMALL, 4, seed), precision: "fp64" };
    const { outputs, states } = run(block, call);
    const oracle = runOracle(call);
    expectClose(outputs.hidden!.data, oracle.hidden, tolerance(spelling));
    expectClose(states.layers_0_k_state!.data, oracle.k, tolerance(spelling));
    expectClose(states.layers_0_v_state!.data, oracle.v, tolerance(spelling));
  });
});

/**
 * In fp64 the graph is the oracle but for the constants that the graph stores in fp16; the oracle takes the same. Two
 * norm forms store eps·c², which at this size is a few units of 2⁻²⁴, so that eps itself is off by up to a tenth.
 */
const tolerance = ({ norm }: Partial<Spelling>): number =>
  norm === "sqrt_d" || norm === "power_of_two" ? 1e-4 : 1e-12;

function expectClose(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  const worst = expected.reduce((max, x, i) => Math.max(max, Math.abs(x - actual[i]!)), 0);
  expect(worst).toBeLessThan(tolerance);
}

test("the layer's interface is the field's", () => {
  const g = decoderLayers(PHI4_MINI, { tokens: 4, maxSeq: 2048 }, { first: 7 });
  expect(g.inputs.map((x) => `${x.name}: ${show(x.type)}`)).toEqual([
    "x: fp16[1,3072,4,1]",
    "rope_cos: fp16[4,48]",
    "rope_sin: fp16[4,48]",
    "attn_mask: fp16[1,1,4,2048]",
    "kv_write_mask: fp16[1,1,2048,4]",
  ]);
  expect(g.states.map((s) => `${s.name}: ${show(s.entry.type)}`)).toEqual([
    "layers_7_k_state: fp16[1,8,2048,128]",
    "layers_7_v_state: fp16[1,8,2048,128]",
  ]);
  expect(Object.entries(g.outputs).map(([name, x]) => `${name}: ${show(x.type)}`)).toEqual([
    "hidden: fp16[1,3072,4,1]",
  ]);
});

test("every spelling names the values a reader looks for", () => {
  for (const spelling of ONE_CHANGE) {
    const names = new Set(schedule(decoderLayers(SMALL, { tokens: T, maxSeq }, spelling)).map((x) => x.name));
    const wanted = ["attn.norm", "q", "k", "v", "q.rope", "k.rope", "v.rows", "k.cache", "v.cache", "attn.heads"];
    for (const name of [
      ...wanted,
      "attn.out",
      "attn.residual",
      "mlp.norm",
      "gate",
      "up",
      "mlp.act",
      "mlp.out",
      "hidden",
    ])
      expect([...names]).toContain(name);
  }
});

test("a stack runs its layers one after another, each with its own caches and weights", () => {
  const size = { tokens: T, maxSeq };
  const stack = decoderLayers(SMALL, size, { first: 1, count: 2 });
  const call = randomCall(stack, SMALL, 3, seed);
  const whole = run(stack, call);
  const layers = [1, 2].map((first) => decoderLayers(SMALL, size, { first }));
  const first = run(layers[0]!, call);
  const second = run(layers[1]!, { ...call, x: first.outputs.hidden! });
  expectSame(whole, { outputs: second.outputs, states: { ...first.states, ...second.states } });
  const names = schedule(stack).flatMap(({ name, def }) => (name && def.kind === "op" ? [name] : []));
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain("layers.2.k.rope");
});

test("a layer or a size that the model does not have is refused", () => {
  expect(() => decoderLayers(SMALL, { tokens: 1, maxSeq }, { first: 2, count: 2 })).toThrow("there is no layer 3");
  expect(() => decoderLayers(SMALL, { tokens: 1, maxSeq }, { first: 2, count: 0 })).toThrow("not 0");
  expect(() => decoderLayers(SMALL, { tokens: maxSeq + 1, maxSeq })).toThrow("does not fit");
});

test("RMSNorm forms differ in what fp16 does to a large row", () => {
  const scaled = (form: NormForm, size: number) => {
    const x = input("x", [1, 4, 1, 1]);
    const y = rmsNorm(x, constant([1, 1, 1, 1], [1, 4, 1, 1]), { eps: 1e-5, form });
    const data = [1, -1, 1, -1].map((v) => v * size);
    const values = { x: arrayOf("fp16", [1, 4, 1, 1], data) };
    return evaluate(graph({ name: "norm", inputs: [x], outputs: { y } }), { values }).outputs.y!.data[0];
  };
  expect(scaled("naive", 300)).toBe(0);
  expect(scaled("power_of_two", 10_000)).toBe(0);
  for (const form of ["hybrid", "max"] as const) {
    expect(scaled(form, 60_000)).toBeCloseTo(1, 2);
    expect(scaled(form, 0.01)).toBeCloseTo(0.01 / Math.sqrt(1e-4 + 1e-5), 2);
    expect(scaled(form, 0)).toBe(0);
  }
});
