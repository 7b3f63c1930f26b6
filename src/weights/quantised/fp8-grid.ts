/** How FP8 scales lie over a matrix, and the numbers that come of both. */
import type { Shape } from "../../dsl/type.ts";
import type { SourceDType } from "../convert/convert.ts";
import type { Block, Layout } from "./fp8-config.ts";
import { type Fp8, fp8Values } from "./fp8-values.ts";
import type { Held } from "./held.ts";
import { numbersOf } from "./numbers.ts";

/** Each scale holds for a block of the matrix; at the edges for what there is of one. */
export interface Grid {
  readonly block: Block;
  /** Scales beside one another. */
  readonly across: number;
  /** The shapes in which they are stored. */
  readonly shapes: readonly Shape[];
  /** For the card and for messages. */
  readonly name: string;
}

/** The scales of a matrix of a size. */
export function gridOf(layout: Layout, [rows, columns]: readonly [rows: number, columns: number]): Grid {
  if (layout === "tensor")
    return { block: [rows, columns], across: 1, shapes: [[], [1], [1, 1]], name: "with one scale a tensor" };
  if (layout === "row")
    return { block: [1, columns], across: 1, shapes: [[rows, 1], [rows]], name: "with one scale a row" };
  const across = Math.ceil(columns / layout[1]);
  const shapes = [[Math.ceil(rows / layout[0]), across]];
  return { block: layout, across, shapes, name: `in blocks of ${layout.join("×")}` };
}

/** A matrix of FP8 codes and its scales. */
export interface Scaled {
  readonly weight: Held;
  readonly dtype: Fp8;
  readonly columns: number;
  readonly scale: Held;
  readonly scaleDType: SourceDType;
  readonly grid: Grid;
}

/** Fills `target` with fp32 numbers from byte `offset` of them on: their codes and the scales of their rows are read. */
export async function readScaled(scaled: Scaled, target: Uint8Array, offset: number): Promise<void> {
  const { weight, dtype, columns, scale, scaleDType, grid } = scaled;
  const { block, across } = grid;
  const [first, end] = [offset / 4, (offset + target.length) / 4];
  const blockRowOf = (element: number): number => Math.floor(Math.floor(element / columns) / block[0]);
  const [top, bottom] = [blockRowOf(first), blockRowOf(end - 1) + 1];
  const codes = new Uint8Array(end - first);
  const [scales] = await Promise.all([
    numbersOf(scale, scaleDType, top * across, bottom * across),
    weight.file.read(weight.entry, codes, first),
  ]);
  const values = fp8Values[dtype];
  const numbers = new Float32Array(codes.length);
  // Runs of elements of one row and one block.
  for (let at = first; at < end; ) {
    const column = at % columns;
    const factor = scales[(blockRowOf(at) - top) * across + Math.floor(column / block[1])]!;
    const stop = Math.min(end, at - column + Math.min(columns, (Math.floor(column / block[1]) + 1) * block[1]));
    for (; at < stop; at++) numbers[at - first] = values[codes[at - first]!]! * factor;
  }
  target.set(new Uint8Array(numbers.buffer));
}
