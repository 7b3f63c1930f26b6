/** Tensors in FP8 with scales of their own: one for the tensor, one for each row, or one for each block of it. */
import { type Shape, sameShape } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import { isSourceDType, type SourceDType } from "../convert/convert.ts";
import { type Layout, layoutsOf } from "./fp8-config.ts";
import { type Grid, gridOf, readScaled } from "./fp8-grid.ts";
import { type Fp8, isFp8 } from "./fp8-values.ts";
import { type Held, type HeldTensors, type Quantised, type QuantisedTensors, seen, storedAs } from "./held.ts";

/** Names of scales, after the tensor's own. Both are factors, "inv" or not. */
const SCALES = ["_scale_inv", "_scale"] as const;
/** Scales of activations and of a cache in FP8, which a model in fp16 has none of. */
const UNNEEDED = /[._](input_scale|input_scale_ub|output_scale|[qkv]_scale|kv_scale)$/;
const MEND = "give the checkpoint that it was made from, in BF16, F16 or F32";

/**
 * The FP8 tensors as fp32 numbers: the product of code and scale, rounded once.
 * @throws UserError that names the tensor and what does not fit it
 */
export function fp8Tensors(held: HeldTensors, config: unknown, configPath: string): QuantisedTensors {
  const layouts = layoutsOf(config, configPath);
  const pairs = [...held.values()].filter(({ entry }) => isFp8(entry.dtype)).map((weight) => pairOf(weight, held));
  const grids = pairs.map((pair) => gridFor(pair, layouts));
  const tensors = pairs.map((pair, i) => quantisedOf(pair, grids[i]!));
  return {
    what: `FP8 ${storedAs(grids.map(({ name }) => name))}`,
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    parts: new Set(pairs.map(({ scale }) => scale.entry.name)),
    unneeded: new Set([...held.keys()].filter((name) => UNNEEDED.test(name))),
  };
}

interface Pair {
  readonly weight: Held;
  readonly dtype: Fp8;
  readonly size: readonly [rows: number, columns: number];
  readonly scale: Held;
  readonly scaleDType: SourceDType;
}

function pairOf(weight: Held, held: HeldTensors): Pair {
  const { name, dtype, shape } = weight.entry;
  const [rows, columns] = shape;
  if (!isFp8(dtype) || rows === undefined || columns === undefined || shape.length > 2)
    throw new UserError(`${seen(weight)}; only matrices are read from FP8`, MEND);
  const names = SCALES.map((end) => name + end);
  const [scale, other] = names.flatMap((beside) => held.get(beside) ?? []);
  if (!scale) throw new UserError(`${seen(weight)}, and no scale stands beside it (${names.join(" or ")})`, MEND);
  if (other) throw new UserError(`${seen(weight)}, with both ${names.join(" and ")}, and which one holds is not told`);
  const { dtype: scaleDType } = scale.entry;
  if (!isSourceDType(scaleDType)) throw new UserError(`${seen(scale)}, and scales are read as F32, F16 or BF16`, MEND);
  return { weight, dtype, size: [rows, columns], scale, scaleDType };
}

function gridFor({ weight, size, scale }: Pair, layouts: readonly Layout[]): Grid {
  for (const layout of layouts) {
    const grid = gridOf(layout, size);
    if (grid.shapes.some((shape) => sameShape(shape, scale.entry.shape))) return grid;
  }
  const wanted = layouts
    .flatMap((layout) => gridOf(layout, size))
    .map(({ name, shapes }) => `${shown(shapes)} ${name}`);
  throw new UserError(
    `${seen(scale)}; tensor "${weight.entry.name}" [${size.join(",")}] takes ${wanted.join(" or ")}`,
    layouts.some((layout) => typeof layout !== "string")
      ? 'does "quantization_config" in config.json belong to these weights?'
      : 'if its scales are those of blocks, "weight_block_size" of "quantization_config" in config.json must tell the size',
  );
}

const shown = (shapes: readonly Shape[]): string => shapes.map((shape) => `[${shape.join(",")}]`).join(", ");

function quantisedOf({ weight, dtype, size, scale, scaleDType }: Pair, grid: Grid): Quantised {
  return {
    name: weight.entry.name,
    where: weight.file.path,
    dtype: "F32",
    shape: size,
    encoding: `${dtype} ${grid.name} (scales ${scaleDType})`,
    read: (target, offset) => readScaled({ weight, dtype, columns: size[1], scale, scaleDType, grid }, target, offset),
  };
}
