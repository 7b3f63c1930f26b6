/** Channels that become places, and places that become channels. */
import type { Algebra, Index } from "../../algebra.ts";
import { attr } from "../../attr.ts";
import { op } from "../../op.ts";
import type { Info } from "../../op-spec.ts";
import type { Tensor } from "../../tensor.ts";
import { type DType, FLOATS, type Shape, type TensorType } from "../../type.ts";

/** Call of depth_to_space and space_to_depth. */
export type WithBlockSize = <D extends DType>(x: Tensor<Shape, D>, options: { block_size: number }) => Tensor<Shape, D>;
/** Call of pixel_shuffle. */
export type PixelShuffle = <D extends DType>(
  x: Tensor<Shape, D>,
  options: { upscale_factor: number },
) => Tensor<Shape, D>;
/** Call of pixel_unshuffle. */
export type PixelUnshuffle = <D extends DType>(
  x: Tensor<Shape, D>,
  options: { downscale_factor: number },
) => Tensor<Shape, D>;
type Join = (m: Algebra, channel: Index, i: Index, j: Index, sizes: { channels: number; block: number }) => Index;

/** The place in the block counts before the channel, as in TensorFlow. */
const blockFirst: Join = (m, c, i, j, { channels, block }) =>
  m.plus(m.times(m.plus(m.times(i, block), j), channels), c);
/** The channel counts before the place in the block, as in torch. */
const channelFirst: Join = (m, c, i, j, { block }) => m.plus(m.times(c, block * block), m.plus(m.times(i, block), j));

/** An index along size · block places as one of the size blocks and a place in it. */
export const halves = (m: Algebra, i: Index, size: number, block: number): readonly [Index, Index] =>
  m.reindex([i], [size * block], [size, block]) as readonly [Index, Index];

function spread({ x }: { readonly x: Info }, block: number): TensorType | string {
  const [n, c, h, w] = x.shape;
  if (x.shape.length !== 4) return `x must have rank 4, not ${x.shape.length}`;
  if (block < 1 || c! % (block * block) !== 0) return `blocks of ${block}² do not divide ${c} channels`;
  return { dtype: x.dtype, shape: [n!, c! / (block * block), h! * block, w! * block] };
}

function gathered({ x }: { readonly x: Info }, block: number): TensorType | string {
  const [n, c, h, w] = x.shape;
  if (x.shape.length !== 4) return `x must have rank 4, not ${x.shape.length}`;
  if (block < 1 || h! % block !== 0 || w! % block !== 0) return `blocks of ${block} do not divide ${h} by ${w} places`;
  return { dtype: x.dtype, shape: [n!, c! * block * block, h! / block, w! / block] };
}

/** Declares an op that takes places of a block from the channels. */
const spreading = <Signature extends (...args: never[]) => unknown, Key extends string>(
  name: string,
  key: Key,
  doc: string,
  join: Join,
) =>
  op<Signature>(name)({
    doc,
    operands: { x: { dtypes: FLOATS } },
    attrs: { [key]: attr("int32") },
    rounds: false,
    traits: ["moves"],
    infer: (infos, attrs) => spread(infos, attrs[key] as number),
    element: (m, { x }, attrs) => {
      const block = attrs[key] as number;
      const [, channels, h, w] = x.shape as readonly [number, number, number, number];
      return ([n, c, y, z]) => {
        const [[row, i], [column, j]] = [halves(m, y!, h, block), halves(m, z!, w, block)];
        const from = join(m, c!, i, j, { channels: channels / (block * block), block });
        return x.at(n!, from, row, column);
      };
    },
  });

/** x[n, (i·b + j)·C + c, h, w] at [n, c, h·b + i, w·b + j]. */
export const depth_to_space = spreading<WithBlockSize, "block_size">(
  "depth_to_space",
  "block_size",
  "y[n, c, h·b + i, w·b + j] = x[n, (i·b + j)·C + c, h, w], b = block_size, C the channels of y",
  blockFirst,
);
/** x[n, c·f² + i·f + j, h, w] at [n, c, h·f + i, w·f + j]. */
export const pixel_shuffle = spreading<PixelShuffle, "upscale_factor">(
  "pixel_shuffle",
  "upscale_factor",
  "y[n, c, h·f + i, w·f + j] = x[n, c·f² + i·f + j, h, w], f = upscale_factor",
  channelFirst,
);

/** x[n, c, h·b + i, w·b + j] at [n, (i·b + j)·C + c, h, w]. */
export const space_to_depth = op<WithBlockSize>("space_to_depth")({
  doc: "y[n, (i·b + j)·C + c, h, w] = x[n, c, h·b + i, w·b + j], b = block_size, C the channels of x",
  operands: { x: { dtypes: FLOATS } },
  attrs: { block_size: attr("int32") },
  rounds: false,
  traits: ["moves"],
  infer: (infos, { block_size }) => gathered(infos, block_size),
  element:
    (m, { x }, { block_size: b }) =>
    ([n, from, h, w]) => {
      const channels = x.shape[1]!;
      const [i, j, c] = m.reindex([from!], [b * b * channels], [b, b, channels]) as readonly [Index, Index, Index];
      return x.at(n!, c, m.plus(m.times(h!, b), i), m.plus(m.times(w!, b), j));
    },
});
/** x[n, c, h·f + i, w·f + j] at [n, c·f² + i·f + j, h, w]. */
export const pixel_unshuffle = op<PixelUnshuffle>("pixel_unshuffle")({
  doc: "y[n, c·f² + i·f + j, h, w] = x[n, c, h·f + i, w·f + j], f = downscale_factor",
  operands: { x: { dtypes: FLOATS } },
  attrs: { downscale_factor: attr("int32", undefined, { stored: "uint32" }) },
  rounds: false,
  traits: ["moves"],
  infer: (infos, { downscale_factor }) => gathered(infos, downscale_factor),
  element:
    (m, { x }, { downscale_factor: f }) =>
    ([n, from, h, w]) => {
      const channels = x.shape[1]!;
      const [c, i, j] = m.reindex([from!], [channels * f * f], [channels, f, f]) as readonly [Index, Index, Index];
      return x.at(n!, c, m.plus(m.times(h!, f), i), m.plus(m.times(w!, f), j));
    },
});
