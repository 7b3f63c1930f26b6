/** The Phi layer at small sizes: block against steps, every spelling against an independent oracle, names, interface. */
import { describe, expect, test } from "vitest";
import { schedule } from "../src/dsl/graph.ts";
import { PHI4_MINI } from "../src/dsl/models/config.ts";
import { ropeRows } from "../src/dsl/models/host.ts";
import { phiLayers } from "../src/dsl/models/phi.ts";
import type { Spelling } from "../src/dsl/models/spelling.ts";
import { roundFp16 } from "../src/dsl/number.ts";
import { show } from "../src/dsl/type.ts";
import type { NDArray } from "../src/passes/array.ts";
import type { Results } from "../src/passes/evaluate.ts";
import { type OracleCache, type OracleLayer, oracleLayer } from "./phi-oracle.ts";
import {
  type Call,
  checkpointTensor,
  ONE_CHANGE,
  randomCall,
  run,
  runSteps,
  SMALL,
  spellingName,
} from "./phi-support.ts";

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
  const block = phiLayers(SMALL, { tokens: T, maxSeq }, spelling);
  const step = phiLayers(SMALL, { tokens: 1, maxSeq }, spelling);

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

/** The oracle on a call of one layer, its results in the graph's layout. */
function runOracle({ config, x, positions, states, seed }: Call) {
  const places = positions as readonly number[];
  const rows = places.map((_, t) => [...x.data].filter((_, i) => i % T === t));
  const [kCache, vCache] = [cacheOf(states.layers_0_k_state!), cacheOf(states.layers_0_v_state!)];
  const { cos, sin } = ropeRows(config, positions, maxSeq);
  const ropeOf = (data: Float64Array) => places.map((_, t) => [...data.subarray(2 * t, 2 * t + 2)].map(roundFp16));
  const hidden = oracleLayer({
    config,
    layer: oracleWeights(config, seed),
    x: rows,
    positions: places,
    cos: ropeOf(cos.data),
    sin: ropeOf(sin.data),
    kCache,
    vCache,
    scale: roundFp16(config.headDim ** -0.5),
    eps: roundFp16(config.eps),
  });
  const channels = Array.from({ length: config.hiddenSize }, (_, c) => hidden.map((row) => row[c]!)).flat();
  return { hidden: channels, k: kCache.flat(2) as number[], v: vCache.flat(2) as number[] };
}

function cacheOf({ shape, data }: NDArray): OracleCache {
  const [, heads, rows, dim] = shape as readonly [number, number, number, number];
  const row = (g: number, s: number) => [...data.subarray((g * rows + s) * dim, (g * rows + s + 1) * dim)];
  return Array.from({ length: heads }, (_, g) => Array.from({ length: rows }, (_, s) => row(g, s)));
}

function oracleWeights(config: typeof SMALL, seed: number): OracleLayer {
  const rowsOf = (tensor: string) => {
    const { shape, data } = checkpointTensor(config, `model.layers.0.${tensor}.weight`, seed);
    const width = shape[1] ?? 1;
    return Array.from({ length: shape[0]! }, (_, r) => [...data.subarray(r * width, (r + 1) * width)]);
  };
  return {
    inputNorm: rowsOf("input_layernorm").flat(),
    qkv: rowsOf("self_attn.qkv_proj"),
    o: rowsOf("self_attn.o_proj"),
    postNorm: rowsOf("post_attention_layernorm").flat(),
    gateUp: rowsOf("mlp.gate_up_proj"),
    down: rowsOf("mlp.down_proj"),
  };
}
