/**
 * Deliberate faults in the Phi layer, each a mistake that people make or that a broken proof rule would accept. A
 * mutant is the right layer with some values exchanged, found by the names that the layer gives them.
 */
import type { Graph } from "../../../src/dsl/graph.ts";
import type { Size } from "../../../src/dsl/model.ts";
import {
  add,
  concat,
  conv,
  gather,
  mul,
  reshape,
  slice_by_size,
  sub,
  tile,
  transpose,
} from "../../../src/dsl/ops/index.ts";
import { constant, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { DEFAULT_SPELLING, type Spelling } from "../../../src/models/blocks/spelling.ts";
import type { Decoder } from "../../../src/models/decoder.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { apply, type Change, find, isOp, operand, type RewriteOptions, rewrite } from "./rewrite.ts";

/** A faulty layer of the given spelling, or of the nearest one in which the fault can be made. */
export type Mutant = (config: Decoder, size: Size, spelling?: Partial<Spelling>) => Graph;

interface Fault {
  /** Spellings without which the fault cannot be made. */
  readonly needs?: (spelling: Spelling) => Partial<Spelling>;
  readonly change: (graph: Graph) => Change;
  readonly exits?: (graph: Graph) => NonNullable<RewriteOptions["exits"]>;
}

const mutant =
  ({ needs = () => ({}), change, exits = () => ({}) }: Fault): Mutant =>
  (config, size, spelling = {}) => {
    const wanted = { ...DEFAULT_SPELLING, ...spelling };
    const graph = decoderLayers(config, size, { ...wanted, ...needs(wanted) });
    return rewrite(graph, change(graph), { exits: exits(graph) });
  };

type Half = Tensor<Shape, "fp16">;

/** Exchanges the value of that name. */
const at =
  (name: string, exchange: (value: Half, graph: Graph) => Tensor) =>
  (graph: Graph): Change =>
  (value) =>
    value.name === name ? exchange(value as Half, graph) : undefined;

const both =
  (...changes: readonly ((graph: Graph) => Change)[]) =>
  (graph: Graph): Change =>
  (value) =>
    changes.map((change) => change(graph)(value)).find((x) => x !== undefined);

const sizeAt = (x: Tensor, axis: number): number => x.type.shape[axis]!;

/** The slices of x along an axis, last first. */
const reversed = (x: Half, axis: number): Half =>
  gather(
    x,
    Array.from({ length: sizeAt(x, axis) }, (_, i) => sizeAt(x, axis) - 1 - i),
    { axis },
  );

/** `count` slices of x along an axis, from the first one on. */
const leading = (x: Half, axis: number, count: number): Half =>
  slice_by_size(
    x,
    x.type.shape.map(() => 0),
    { size: x.type.shape.with(axis, count) },
  );

/** Every token gets the first one's slice. */
const firstForAll = (x: Half, axis: number): Half =>
  tile(leading(x, axis, 1), { reps: x.type.shape.map((n, i) => (i === axis ? n : 1)) });

const byMask = ({ write }: Spelling): Partial<Spelling> =>
  write === "blend" || write === "select" ? {} : { write: "blend" };
const byBlend = (): Partial<Spelling> => ({ write: "blend" });

/** The attention softmax or the reductions it is decomposed into, over another axis. */
const softmaxOver = (axis: number) => (): Change => (value) => {
  const fused = isOp(value, "softmax");
  if (fused) return apply(fused, { axis }) as Tensor;
  const part = isOp(value, "reduce_max", "reduce_sum");
  const overSlots = part && String(part.attrs.axes) === "3" && operand(part, "x").def.kind === "op";
  return overSlots ? (apply(part, { axes: [axis] }) as Tensor) : undefined;
};

/** Changes every reduction of RMSNorm. */
const normReduction = (exchange: (def: NonNullable<ReturnType<typeof isOp>>) => Tensor) => (): Change => (value) => {
  const def = isOp(value, "reduce_mean", "reduce_max", "layer_norm");
  return def && String(def.attrs.axes) === "1" ? exchange(def) : undefined;
};

/** Attention reads another value in place of a cache; the state at exit stays right. */
const readInstead = (name: "k.cache" | "v.cache", instead: (cache: Half, entry: Half) => Tensor) =>
  at(name, (cache, graph) => instead(cache, entryOf(graph, name)));

const stateOf = (graph: Graph, name: string) => graph.states.find(({ exit }) => exit.name === name)!;
const entryOf = (graph: Graph, name: string): Half => stateOf(graph, name).entry as Half;
const rightExits = (graph: Graph) => Object.fromEntries(graph.states.map(({ name, exit }) => [name, exit]));

/** Faults by name. Each takes effect in the one layer of the graph. */
export const mutants: Readonly<Record<string, Mutant>> = {
  /** [heads, token, dim] flattened to channels without the permutation: the incident behind this project. */
  layout: mutant({
    change: () => (value) => {
      const def = isOp(value, "transpose");
      return def && operand(def, "x").name === "attn.heads"
        ? reshape(operand(def, "x"), { shape: value.type.shape })
        : undefined;
    },
  }),
  mask_off_by_one: mutant({
    change: at("attn_mask", (mask) =>
      concat([leading(mask, 3, 1), leading(mask, 3, sizeAt(mask, 3) - 1)], { axis: 3 }),
    ),
  }),
  mask_rows_swapped: mutant({ change: at("attn_mask", (mask) => reversed(mask, 2)) }),
  mask_row_0: mutant({ change: at("attn_mask", (mask) => leading(mask, 2, 1)) }),
  no_mask: mutant({
    change: () => (value) => {
      const def = isOp(value, "add");
      return def && operand(def, "y").name === "attn_mask" ? operand(def, "x") : undefined;
    },
  }),
  rope_rows_swapped: mutant({
    change: both(
      at("rope_cos", (rows) => reversed(rows, 0)),
      at("rope_sin", (rows) => reversed(rows, 0)),
    ),
  }),
  rope_row_0: mutant({
    change: both(
      at("rope_cos", (rows) => firstForAll(rows, 0)),
      at("rope_sin", (rows) => firstForAll(rows, 0)),
    ),
  }),
  rope_sign: mutant({ change: at("rope_sin", (rows) => mul(rows, -1)) }),
  rope_first_half_negated: mutant({
    needs: () => ({ rope: "halves" }),
    change: () => (value) => {
      const def = isOp(value, "sub");
      const turned = def && isOp(operand(def, "x"), "mul") && isOp(operand(def, "y"), "mul");
      return turned ? sub(operand(def, "y"), operand(def, "x")) : undefined;
    },
  }),
  k_unrotated: mutant({
    change: at("k.rope", (K, graph) => {
      const [, heads, tokens, dim] = K.type.shape as readonly [number, number, number, number];
      return transpose(reshape(find(graph, "k"), { shape: [1, heads, dim, tokens] }), { perm: [0, 1, 3, 2] });
    }),
  }),
  write_columns_swapped: mutant({
    change: both(
      at("kv_write_mask", (mask) => reversed(mask, 3)),
      // A write by position has no columns: its rows arrive in the wrong order.
      at("k.rope", (rows, graph) => (graph.inputs.some((x) => x.name === "position") ? reversed(rows, 2) : rows)),
      at("v.rows", (rows, graph) => (graph.inputs.some((x) => x.name === "position") ? reversed(rows, 2) : rows)),
    ),
  }),
  no_keep: mutant({
    needs: byBlend,
    change: () => (value) => {
      const def = isOp(value, "mul");
      return def && operand(def, "x").def.kind === "state" ? operand(def, "x") : undefined;
    },
  }),
  overwrite_all: mutant({
    needs: byBlend,
    change: () => (value) => {
      const def = isOp(value, "add");
      return def && /^[kv]\.cache$/.test(value.name ?? "") ? operand(def, "y") : undefined;
    },
  }),
  keep_first_column: mutant({
    needs: byMask,
    change: () => (value) => {
      const def = isOp(value, "reduce_sum");
      return def && operand(def, "x").name === "kv_write_mask" ? leading(operand(def, "x") as Half, 3, 1) : undefined;
    },
  }),
  write_after_attention: mutant({
    change: both(
      readInstead("k.cache", (_, entry) => entry),
      readInstead("v.cache", (_, entry) => entry),
    ),
    exits: rightExits,
  }),
  v_not_updated: mutant({
    change: () => () => undefined,
    exits: (graph) => ({ [stateOf(graph, "v.cache").name]: entryOf(graph, "v.cache") }),
  }),
  v_stale: mutant({ change: readInstead("v.cache", (_, entry) => entry), exits: rightExits }),
  kv_swapped: mutant({
    change: both(
      at("k", (_, graph) => find(graph, "v")),
      at("v", (_, graph) => find(graph, "k")),
    ),
  }),
  wrong_gqa_group: mutant({
    change: both(
      readInstead("k.cache", (K) => reversed(K, 1)),
      readInstead("v.cache", (V) => reversed(V, 1)),
    ),
    exits: rightExits,
  }),
  softmax_over_tokens: mutant({ change: softmaxOver(2) }),
  softmax_over_heads: mutant({ change: softmaxOver(1) }),
  norm_over_tokens: mutant({ change: normReduction((def) => apply(def, { axes: [1, 2] }) as Tensor) }),
  norm_half_channels: mutant({
    needs: ({ norm }) => (norm === "layer_norm" ? { norm: "hybrid" } : {}),
    change: normReduction((def) => {
      const x = operand(def, "x") as Half;
      return apply(def, { x: leading(x, 1, sizeAt(x, 1) / 2) }) as Tensor;
    }),
  }),
  /** A kernel over the token axis: y_t = x_t + x_(t-1) / 2. */
  token_mixing_conv: mutant({
    change: at("attn.norm", (x) => {
      const [, channels, tokens] = x.type.shape as readonly [number, number, number, number];
      const kernel = constant([0.5, 1], [1, 1, 2, 1]);
      const single = reshape(x, { shape: [channels, 1, tokens, 1] });
      return reshape(conv(single, kernel, { pad_type: "custom", pad: [1, 0, 0, 0] }), { shape: x.type.shape });
    }),
  }),
  residual_skipped: mutant({ change: at("attn.residual", (_, graph) => find(graph, "attn.out")) }),
  residual_rows_swapped: mutant({
    change: at("attn.residual", (_, graph) => add(reversed(find(graph, "x") as Half, 2), find(graph, "attn.out"))),
  }),
};
