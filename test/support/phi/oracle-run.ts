/** The oracle on the same weights, inputs and caches as a graph, its results in the graph's layout. */

import { roundFp16 } from "../../../src/dsl/number.ts";
import type { Decoder } from "../../../src/models/decoder.ts";
import { ropeRows } from "../../../src/models/host.ts";
import type { NDArray } from "../../../src/passes/interpret/array.ts";
import { type OracleCache, type OracleLayer, oracleLayer } from "./oracle.ts";
import { type Call, checkpointTensor } from "./phi.ts";

/** The oracle on a call of one layer, its results in the graph's layout. */
export function runOracle({ config, x, positions, states, seed }: Call) {
  const places = positions as readonly number[];
  const T = places.length;
  const maxSeq = states.layers_0_k_state!.shape[2]!;
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

function oracleWeights(config: Decoder, seed: number): OracleLayer {
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
