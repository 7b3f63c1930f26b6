/** Weights as indices into tables, made while they stream: a table for each group of rows, indices packed from the lowest bit up. */
import { fp16Values } from "../../../dsl/number.ts";
import { once } from "../../../dsl/once.ts";
import type { PalettePart } from "../../../dsl/weight-source.ts";
import { costTally, type QuantiseCost } from "../cost.ts";
import { wholeRows } from "../whole-rows.ts";
import { type Palette, paletteMaker } from "./group.ts";
import { bitPacker } from "./pack.ts";

const BITS: Readonly<Record<PalettePart["how"], number>> = { lut4: 4, lut6: 6, lut8: 8 };

/** Entries of a table. */
export const entriesOf = (how: PalettePart["how"]): number => 2 ** BITS[how];

const squaresByBits = once(() => fp16Values().map((value) => value ** 2));

/** Parts of palettised weights. */
export interface Palettes {
  /**
   * The bytes of a part of the weight that the chunks are, under a key of its own; `tell` is told what its indices cost. Whoever asks for the
   * indices and then for the tables has them made once.
   */
  stream(
    key: string,
    chunks: AsyncIterable<Uint8Array>,
    part: PalettePart,
    tell: (cost: QuantiseCost) => void,
  ): AsyncGenerator<Uint8Array>;
}

/** One that holds the tables of the last weight whose indices were streamed. */
export function palettes(): Palettes {
  let last: { readonly key: string; readonly tables: Uint8Array } | undefined;
  return {
    async *stream(key, chunks, part, tell) {
      if (part.part === "lut" && last?.key === key) {
        yield last.tables;
        return;
      }
      const tables: Uint16Array[] = [];
      const indices = palettised(chunks, part, { tables, tell });
      if (part.part === "indices") yield* indices;
      else for await (const _ of indices);
      last = { key, tables: new Uint8Array(Buffer.concat(tables.map((one) => new Uint8Array(one.buffer)))) };
      if (part.part === "lut") yield last.tables;
    },
  };
}

interface Told {
  /** Filled with the table of each group. */
  readonly tables: Uint16Array[];
  tell(cost: QuantiseCost): void;
}

async function* palettised(
  chunks: AsyncIterable<Uint8Array>,
  { how, width, rows }: PalettePart,
  { tables, tell }: Told,
): AsyncGenerator<Uint8Array> {
  const size = rows * width;
  const [make, pack, tally] = [paletteMaker(entriesOf(how)), bitPacker(BITS[how]), costTally()];
  let elements = 0;
  for await (const bits of wholeRows(chunks, size)) {
    const indices = new Uint8Array(bits.length);
    for (let begin = 0; begin < bits.length; begin += size) {
      const group = bits.subarray(begin, begin + size);
      const palette = make(group);
      tables.push(palette.table.slice());
      lookUp(group, palette, indices.subarray(begin, begin + size));
      for (let row = 0; row < size; row += width) tally.row(...sumsOfRow(group, palette, row, row + width));
    }
    elements += bits.length;
    yield pack.add(indices);
  }
  const rest = pack.end();
  if (rest.length > 0) yield rest;
  tell(tally.cost(Math.ceil((elements * BITS[how]) / 8) + 2 * entriesOf(how) * tables.length));
}

function lookUp(group: Uint16Array, { indices }: Palette, into: Uint8Array): void {
  for (let i = 0; i < group.length; i++) into[i] = indices[group[i]!]!;
}

function sumsOfRow(group: Uint16Array, { errors }: Palette, begin: number, end: number): readonly [number, number] {
  const squared = squaresByBits();
  let [squares, off] = [0, 0];
  for (let i = begin; i < end; i++) {
    squares += squared[group[i]!]!;
    off += errors[group[i]!]!;
  }
  return [squares, off];
}
