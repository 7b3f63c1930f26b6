/**
 * The Phi layer in plain fp64 loops, written from the reference model (transformers, modeling_phi3.py) and not from
 * the graph: rows of tokens, heads by index, softmax over the visible positions only.
 */
import type { Decoder } from "../../../src/models/decoder.ts";

type Row = readonly number[];
type Matrix = readonly Row[];

export interface OracleLayer {
  readonly inputNorm: Row;
  readonly qkv: Matrix;
  readonly o: Matrix;
  readonly postNorm: Row;
  readonly gateUp: Matrix;
  readonly down: Matrix;
}

/** cache[kvHead][position] is a row of head_dim numbers; the oracle writes into it. */
export type OracleCache = (number[] | undefined)[][];

export interface OracleCall {
  readonly config: Decoder;
  readonly layer: OracleLayer;
  /** One hidden row per token. */
  readonly x: Matrix;
  readonly positions: readonly number[];
  /** cos and sin rows, one per token. */
  readonly cos: Matrix;
  readonly sin: Matrix;
  readonly kCache: OracleCache;
  readonly vCache: OracleCache;
  /** head_dim^-½ and eps as the graph holds them. */
  readonly scale: number;
  readonly eps: number;
}

const times = (W: Matrix, x: Row): number[] => W.map((w) => w.reduce((sum, wi, i) => sum + wi * x[i]!, 0));
const plus = (a: Row, b: Row): number[] => a.map((ai, i) => ai + b[i]!);

function rmsNorm(x: Row, gain: Row, eps: number): number[] {
  const variance = x.reduce((sum, v) => sum + v * v, 0) / x.length;
  return x.map((v, i) => (v / Math.sqrt(variance + eps)) * gain[i]!);
}

function rotate(head: Row, cos: Row, sin: Row): number[] {
  const half = cos.length;
  return head.map((v, i) => {
    if (i < half) return v * cos[i]! - head[i + half]! * sin[i]!;
    if (i < 2 * half) return v * cos[i - half]! + head[i - half]! * sin[i - half]!;
    return v;
  });
}

/** The hidden rows after the layer, token by token. */
export function oracleLayer(call: OracleCall): number[][] {
  const { config: c, layer, eps } = call;
  return call.x.map((x, t) => {
    const position = call.positions[t]!;
    const qkv = times(layer.qkv, rmsNorm(x, layer.inputNorm, eps));
    const head = (n: number) => qkv.slice(n * c.headDim, (n + 1) * c.headDim);
    for (let g = 0; g < c.kvHeads; g++) {
      call.kCache[g]![position] = rotate(head(c.heads + g), call.cos[t]!, call.sin[t]!);
      call.vCache[g]![position] = head(c.heads + c.kvHeads + g);
    }
    const attended = Array.from({ length: c.heads }, (_, h) => {
      const g = Math.floor(h / (c.heads / c.kvHeads));
      const q = rotate(head(h), call.cos[t]!, call.sin[t]!);
      return attend(q, call.kCache[g]!.slice(0, position + 1) as Matrix, call.vCache[g]!, call.scale);
    }).flat();
    const h = plus(x, times(layer.o, attended));
    const gateUp = times(layer.gateUp, rmsNorm(h, layer.postNorm, eps));
    const act = Array.from({ length: c.ffnSize }, (_, i) => {
      const gate = gateUp[i]!;
      return gateUp[c.ffnSize + i]! * (gate / (1 + Math.exp(-gate)));
    });
    return plus(h, times(layer.down, act));
  });
}

function attend(q: Row, keys: Matrix, values: readonly (Row | undefined)[], scale: number): number[] {
  const scores = keys.map((k) => k.reduce((sum, ki, i) => sum + ki * q[i]!, 0) * scale);
  const top = Math.max(...scores);
  const weights = scores.map((s) => Math.exp(s - top));
  const total = weights.reduce((sum, w) => sum + w, 0);
  return q.map((_, i) => weights.reduce((sum, w, s) => sum + (w / total) * values[s]![i]!, 0));
}
