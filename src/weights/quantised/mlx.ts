/** Tensors of an MLX folder: `X.weight` in words of packed codes, `X.scales` and `X.biases` for its groups. */
import { type Shape, sameShape } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import { brief } from "../../models/brief.ts";
import { isSourceDType, type SourceDType, sourceBytes } from "../convert/convert.ts";
import { dequantiseGroups, type Grouping, groupBytes } from "./groups.ts";
import { type Held, type HeldTensors, type Quantised, type QuantisedTensors, seen, storedAs } from "./held.ts";
import { type GroupingOf, groupingByShape, groupingsOf, mlxPart } from "./mlx-config.ts";
import { numbersOf, patterns } from "./numbers.ts";

const WEIGHT = ".weight";

/** Whether a tensor holds packed codes. */
export const isPacked = ({ name, dtype }: { readonly name: string; readonly dtype: string }): boolean =>
  dtype === "U32" && name.endsWith(WEIGHT);

/**
 * The packed tensors as numbers in the type of their scales, as MLX gives them.
 * @throws UserError that names the tensor and what does not fit it
 */
export function mlxTensors(held: HeldTensors, config: unknown, configPath: string): QuantisedTensors {
  const groupings = groupingsOf(mlxPart(config), configPath);
  const packed = [...held.values()].filter(({ entry }) => isPacked(entry)).map((weight) => trioOf(weight, held));
  const own = packed.map((trio) => groupingFor(trio, groupings, configPath));
  const tensors = packed.map((trio, i) => quantisedOf(trio, own[i]!));
  return {
    what: `MLX, ${storedAs(own.map(inGroups)) || "nothing quantised"}`,
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    parts: new Set(packed.flatMap(({ scales, biases }) => [scales.entry.name, biases.entry.name])),
    unneeded: new Set(),
  };
}

const inGroups = ({ bits, groupSize }: Grouping): string => `${bits} bits in groups of ${groupSize}`;

/** A packed tensor and what stands beside it. */
interface Trio {
  readonly path: string;
  readonly weight: Held;
  readonly scales: Held;
  readonly biases: Held;
  readonly dtype: SourceDType;
  /** Rows and what is before them. */
  readonly rows: Shape;
  readonly words: number;
  readonly groups: number;
}

function trioOf(weight: Held, held: HeldTensors): Trio {
  const path = weight.entry.name.slice(0, -WEIGHT.length);
  const beside = (part: string): Held => {
    const found = held.get(`${path}.${part}`);
    if (found) return found;
    throw new UserError(
      `${seen(weight)}, packed as MLX does, and its tensor "${path}.${part}" is missing`,
      "graphc reads MLX folders of the mode affine, which have scales and biases",
    );
  };
  const scales = beside("scales");
  const { dtype } = scales.entry;
  if (!isSourceDType(dtype))
    throw new UserError(
      `${seen(scales)}, and scales are read as F32, F16 or BF16`,
      "convert the original checkpoint again with mlx_lm.convert -q in the mode affine, or give it itself",
    );
  const biases = beside("biases");
  const rows = weight.entry.shape.slice(0, -1);
  if (rows.length === 0) throw new UserError(`${seen(weight)}; packed tensors have rows and columns`);
  const [words, groups] = [weight.entry.shape.at(-1)!, scales.entry.shape.at(-1) ?? 0];
  return { path, weight, scales, biases, dtype, rows, words, groups };
}

function groupingFor({ path, weight, words, groups }: Trio, groupings: GroupingOf, configPath: string): Grouping {
  const said = groupings(path);
  if (said === "plain")
    throw new UserError(`${seen(weight)}, packed, and ${configPath} says that ${brief(path)} is not`);
  const grouping = said ?? groupingByShape(words, groups);
  if (grouping) return grouping;
  throw new UserError(
    `${configPath}: "quantization" is missing, and the shapes of tensor "${weight.entry.name}" and its scales do not tell its bits and group size`,
    'add "quantization": {"group_size": …, "bits": …} with the numbers that it was quantised with',
  );
}

function quantisedOf(trio: Trio, grouping: Grouping): Quantised {
  const { weight, dtype, rows, words } = trio;
  const { bits, groupSize } = grouping;
  const columns = (32 * words) / bits;
  if (columns % groupSize !== 0)
    throw new UserError(
      `${seen(weight)}; rows of ${words} words are no whole groups of ${groupSize} elements of ${bits} bits`,
      'does "quantization" in config.json belong to these weights?',
    );
  checkBeside(trio.scales, trio, grouping, columns);
  checkBeside(trio.biases, trio, grouping, columns);
  return {
    name: weight.entry.name,
    where: weight.file.path,
    dtype,
    shape: [...rows, columns],
    encoding: `U32 of ${inGroups(grouping)} (scales ${dtype})`,
    read: (target, offset) => readGroups(trio, grouping, target, offset),
  };
}

function checkBeside(part: Held, { weight, dtype, rows }: Trio, { bits, groupSize }: Grouping, columns: number): void {
  const shape = [...rows, columns / groupSize];
  if (sameShape(part.entry.shape, shape) && part.entry.dtype === dtype) return;
  throw new UserError(
    `${seen(part)}; tensor "${weight.entry.name}" of ${bits} bits in groups of ${groupSize} takes ${dtype} [${shape.join(",")}]`,
    'does "quantization" in config.json belong to these weights?',
  );
}

/** Fills `target` with numbers from byte `offset` of them on: the groups that hold them are read and dequantised. */
async function readGroups(trio: Trio, grouping: Grouping, target: Uint8Array, offset: number): Promise<void> {
  const { weight, scales, biases, dtype } = trio;
  const { groupSize } = grouping;
  const groupWidth = groupSize * sourceBytes[dtype];
  const [first, end] = [Math.floor(offset / groupWidth), Math.ceil((offset + target.length) / groupWidth)];
  const codes = groupBytes(grouping);
  const packed = new Uint8Array((end - first) * codes + 1);
  const [scaleOf, biasOf] = await Promise.all([
    numbersOf(scales, dtype, first, end),
    numbersOf(biases, dtype, first, end),
    weight.file.read(weight.entry, packed.subarray(0, -1), first * codes),
  ]);
  const numbers = patterns(dtype, (end - first) * groupSize);
  dequantiseGroups(grouping, { packed, scales: scaleOf, biases: biasOf }, dtype, numbers);
  const from = offset - first * groupWidth;
  target.set(new Uint8Array(numbers.buffer, from, target.length));
}
