/**
 * Palettised weights as places: an element is a function of the stored indices and tables that it is looked up in, so that rows of
 * a palettised tensor are rows, however the tensor is divided.
 */

import type { OpDef, Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { sizeOf } from "../../../dsl/type.ts";
import type { PlaceOf, WeightPlace } from "../reading/leaves.ts";
import { storedText } from "./literals.ts";

/** Where the elements of a palettised weight begin, in a base that two tensors share where their indices and tables are rows of the same. */
export function palettePlace(value: Tensor, placeOf: PlaceOf): WeightPlace {
  const { def } = value;
  const divided = def.kind === "op" && has(def, "palettised") ? dividedPlace(def, placeOf) : undefined;
  return divided ?? { base: `\0${storedText(value, placeOf)}`, offset: 0 };
}

/**
 * Element k of the weight is table[⌊(offset + k) / group⌋ + shift][index[offset + k]], where a table is for `group` elements that follow
 * each other: one for all, or one for so many rows. Tables of other blocks, and those of vectors, are a weight of their own.
 */
function dividedPlace({ operands }: OpDef, placeOf: PlaceOf): WeightPlace | undefined {
  const [indices, lut] = [operands.indices as Tensor, operands.lut as Tensor];
  const [codes, tables] = [indices, lut].map(({ def, type }) =>
    def.kind === "weight" ? placeOf(def.source, type) : undefined,
  );
  const groups = lut.type.shape.slice(0, -2);
  const [entries, vector] = lut.type.shape.slice(-2) as [number, number];
  if (!codes || !tables || vector !== 1 || groups.slice(1).some((n) => n !== 1)) return undefined;
  const types = [indices.type.dtype, lut.type.dtype, entries];
  const text = (...parts: readonly unknown[]) =>
    `\0${JSON.stringify(["palette", ...types, codes.base, tables.base, ...parts])}`;
  if (groups[0] === 1) return { base: text("one", tables.offset), offset: codes.offset };
  const group = sizeOf(indices.type.shape) / groups[0]!;
  // Which table the first element has, less that which it would have if tables began where indices do.
  const shift = tables.offset - (codes.offset / group) * entries;
  return codes.offset % group === 0 ? { base: text(group, shift), offset: codes.offset } : undefined;
}
