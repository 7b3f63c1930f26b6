/** What a decoder layer is built from, and what both of its blocks use: matrices and norms of that layer. */
import type { Size } from "../../dsl/model.ts";
import { add } from "../../dsl/ops/index.ts";
import { type Tensor, weight } from "../../dsl/tensor.ts";
import type { Shape } from "../../dsl/type.ts";
import type { Namer } from "../blocks/attention.ts";
import { clippedAt, heldAt } from "../blocks/held.ts";
import { rmsNorm } from "../blocks/norm.ts";
import type { Matrix, Stored } from "../blocks/project.ts";
import type { Spelling } from "../blocks/spelling.ts";
import type { Decoder } from "../decoder.ts";
import { exponentsOf } from "../exponents.ts";
import type { Feeds } from "../feeds.ts";
import { type LayerPart, tensorName } from "../tensor-names.ts";

/** A value of a layer. */
export type Value = Tensor<Shape, "fp16">;

/** What a layer is built from. */
export interface LayerParts {
  readonly decoder: Decoder;
  readonly size: Size;
  readonly layer: number;
  readonly how: Spelling;
  readonly feeds: Feeds;
  readonly name: Namer;
  readonly cache: CacheKeeping;
}

/** Whether Core ML keeps the caches, or the host does: they go in, and their new rows come out. */
export type CacheKeeping = "state" | "io";

/** A stored matrix by its part of the layer, or several by how many rows each of them has. */
type Whole = LayerPart | Readonly<Partial<Record<LayerPart, number>>>;

/** The matrix of one part, or of several, and its bias. */
export function matrix(whole: Whole, outputs: number, biased: boolean, { decoder, layer }: LayerParts): Matrix {
  const stored = (kind: "weight" | "bias"): Stored =>
    typeof whole === "string"
      ? tensorName(decoder, layer, whole, kind)
      : Object.entries(whole).map(([part, rows]) => ({
          tensor: tensorName(decoder, layer, part as LayerPart, kind),
          rows,
        }));
  return { tensor: stored("weight"), outputs, ...(biased ? { bias: stored("bias") } : {}) };
}

/** Where a norm is, and the exponents at which x is held and its gain is to be. */
type Normed = Partial<Readonly<Record<"axis" | "held" | "gain", number>>>;

/** RMSNorm of x over one axis, with the gain of that part of the layer. */
export function norm(x: Value, part: LayerPart, { decoder, layer, how }: LayerParts, normed: Normed = {}): Value {
  const { axis = 1, held = 0 } = normed;
  const shape = [1, 1, 1, 1].with(axis, x.type.shape[axis]!);
  const gamma: Value = weight(tensorName(decoder, layer, part), shape);
  const gain = heldAt(decoder.gain === "factor" ? gamma : add(gamma, 1), normed.gain ?? 0);
  return rmsNorm(x, gain, { eps: decoder.eps, form: how.norm, axis, held });
}

/** A part of a projection under its name, held as its row is, and clipped where it has a clamp. */
export function clippedPart(
  stem: "q" | "k" | "v" | "gate",
  part: Value,
  { decoder, layer, name }: Pick<LayerParts, "decoder" | "layer" | "name">,
): Value {
  const { rows, clamps } = exponentsOf(decoder, layer);
  const [own, clamp] = [name(stem, part), clamps[stem]];
  const held = stem === "gate" ? rows.mlp : rows.attn;
  return clamp ? name(`${stem}.clamp`, clippedAt(own, held, clamp.most)) : own;
}
