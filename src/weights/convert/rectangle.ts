/** Which elements of a stored tensor a weight is: a rectangle of its matrix, read in chunks. */

import { type Shape, show, sizeOf, type TensorType } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { WeightSource } from "../../dsl/weight-source.ts";
import { type SourceDType, sourceBytes } from "./convert.ts";
import type { PackedElements } from "./packed.ts";

/** A tensor as its store holds it: row-major elements, read by position. */
export interface ReadableTensor {
  readonly name: string;
  /** The file or folder it is in, for messages. */
  readonly where: string;
  readonly dtype: SourceDType;
  readonly shape: Shape;
  /** Fills `target` with the tensor's bytes from `offset` (in bytes) on. */
  read(target: Uint8Array, offset: number): Promise<void>;
  /** Where the store has blocks that fast code knows: the same elements, as F32. */
  readonly packed?: PackedElements | undefined;
}

/** A weight by its tensor in a checkpoint, with rows, columns and a transform as far as it is not the whole. */
export type CheckpointSource = Extract<WeightSource, { from: "checkpoint" }>;

type Interval = readonly [begin: number, end: number];

/** A rectangle of a matrix. */
export interface Rectangle {
  readonly rows: Interval;
  readonly columns: Interval;
}

/** A weight as a rectangle of a stored matrix with `stride` columns. */
export interface SourceRectangle extends Rectangle {
  readonly stride: number;
  readonly transposed: boolean;
}

/** How many rows or columns a range has. */
export const widthOf = ([begin, end]: Interval): number => end - begin;
/** How many elements a rectangle has. */
export const areaOf = (rectangle: Rectangle): number => widthOf(rectangle.rows) * widthOf(rectangle.columns);

/** A tensor as a matrix: its first axis is the rows, the others together the columns. */
export function matrixOf(shape: Shape): readonly [rows: number, columns: number] {
  return [shape[0] ?? 1, sizeOf(shape.slice(1))];
}

/**
 * The rectangle that a weight names.
 * @throws UserError when rows or columns are outside the tensor, or what remains has not the shape the graph wants.
 */
export function rectangleOf(stored: ReadableTensor, source: CheckpointSource, type: TensorType): SourceRectangle {
  const [height, stride] = matrixOf(stored.shape);
  const name = `${stored.where}: tensor "${stored.name}" [${stored.shape.join(",")}]`;
  const range = (what: string, given: Interval | undefined, size: number): Interval => {
    const [begin, end] = given ?? [0, size];
    if (begin < 0 || end < begin || end > size)
      throw new UserError(`${name} has no ${what} ${begin} to ${end}; it has ${size}`);
    return [begin, end];
  };
  const rows = range("rows", source.rows, height);
  const columns = range("columns", source.columns, stride);
  const transposed = source.transform === "transpose";
  const whole = source.rows === undefined && source.columns === undefined;
  const size = [widthOf(rows), widthOf(columns)];
  const shape = transposed
    ? size.toReversed()
    : whole
      ? stored.shape
      : [size[0]!, ...(source.columns ? [size[1]!] : stored.shape.slice(1))];
  if (!regroups(shape, type.shape))
    throw new UserError(`${name} gives a weight of shape [${shape.join(",")}], but the graph wants ${show(type)}`);
  return { rows, columns, stride, transposed };
}

/** Whether one of the shapes only splits axes of the other; axes of size 1 come and go. */
function regroups(a: Shape, b: Shape): boolean {
  if (sizeOf(a) !== sizeOf(b)) return false;
  const [coarse, fine] = [edgesOf(a), edgesOf(b)].sort((x, y) => x.size - y.size) as [Set<number>, Set<number>];
  return [...coarse].every((edge) => fine.has(edge));
}

/** Sizes of the leading parts of a shape: where its axes end in the row of all elements. */
function edgesOf(shape: Shape): Set<number> {
  let size = 1;
  return new Set(shape.map((n) => (size *= n)).filter((n) => n > 1));
}

/** The chunks of a rectangle in row-major order, each of at most `limit` elements: whole rows where they fit. */
export function* chunksOf({ rows, columns }: Rectangle, limit: number): Generator<Rectangle> {
  const width = Math.min(widthOf(columns), limit);
  const height = width < widthOf(columns) ? 1 : Math.max(1, Math.floor(limit / width));
  for (let row = rows[0]; row < rows[1]; row += height)
    for (let column = columns[0]; column < columns[1]; column += width)
      yield {
        rows: [row, Math.min(row + height, rows[1])],
        columns: [column, Math.min(column + width, columns[1])],
      };
}

/** Fills `target` with a rectangle of a stored matrix of `stride` columns, row by row: at once where it lies in one piece. */
export async function readRectangle(
  stored: ReadableTensor,
  stride: number,
  rectangle: Rectangle,
  target: Uint8Array,
): Promise<void> {
  const width = sourceBytes[stored.dtype];
  const height = widthOf(rectangle.rows);
  const rowBytes = widthOf(rectangle.columns) * width;
  const offsetOf = (row: number) => ((rectangle.rows[0] + row) * stride + rectangle.columns[0]) * width;
  if (widthOf(rectangle.columns) === stride || height === 1) return stored.read(target, offsetOf(0));
  await Promise.all(
    Array.from({ length: height }, (_, row) =>
      stored.read(target.subarray(row * rowBytes, (row + 1) * rowBytes), offsetOf(row)),
    ),
  );
}
