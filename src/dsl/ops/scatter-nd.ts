/** Write at places that a vector each holds. */
import type { Index } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, NUMBERS, placesOf, type Shape, sameShape } from "../type.ts";
import { checkPlaces } from "./gather.ts";
import { afterMeeting, combine, isExact, MODES, REPEATED, type ScatterMode } from "./scatter.ts";

/** Call of scatter_nd: the last axis of indices is a place in data; mode `add` when absent. */
export type ScatterNd = <S extends Shape, D extends DType>(
  data: Tensor<S, D>,
  indices: Tensor,
  updates: Tensor<Shape, D>,
  options?: { mode?: ScatterMode; validate_indices?: boolean },
) => Tensor<S, D>;

/** data with updates combined into the places that the last axis of indices holds; each update rounds on its own. */
export const scatter_nd = op<ScatterNd>("scatter_nd")({
  doc: `y = data, with y[indices[j…, :], b…] combined by \`mode\` with updates[j…, b…]; a place outside data is an error; ${REPEATED}`,
  operands: {
    data: { dtypes: NUMBERS },
    indices: { dtypes: ["int32"] },
    updates: { dtypes: NUMBERS, like: "data" },
  },
  attrs: { mode: attr("string", "add", { oneOf: MODES }), validate_indices: attr("bool", false) },
  // Each update rounds on its own, as so many separate ops would.
  rounds: false,
  infer({ data, indices, updates }) {
    const depth = indices.shape.at(-1);
    if (depth === undefined || depth > data.shape.length)
      return `indices [${indices.shape.join(",")}] hold no places of [${data.shape.join(",")}]`;
    const shape = [...indices.shape.slice(0, -1), ...data.shape.slice(depth)];
    if (!sameShape(shape, updates.shape))
      return `updates are [${updates.shape.join(",")}]; data and indices ask for [${shape.join(",")}]`;
    return checkPlaces(indices, data.shape) ?? data;
  },
  element: (m, { data, indices, updates }, { mode }) => {
    const depth = indices.shape.at(-1)!;
    const places = placesOf(indices.shape.slice(0, -1));
    return (ix) => {
      const met = [data.at(...ix)];
      const value = places.reduce((old, place, n) => {
        const js = place.map((j) => m.index(j));
        const target = (axis: number): Index => {
          const known = indices.values?.[n * depth + axis];
          return known === undefined ? m.indexOf(indices.at(...js, m.index(axis)), data.shape[axis]!) : m.index(known);
        };
        const written = () => {
          const own = updates.at(...js, ...ix.slice(depth));
          met.push(own);
          const value = combine(m, mode as ScatterMode, old, own);
          return isExact(mode as ScatterMode) ? value : m.round(data.dtype, value);
        };
        const from = (axis: number): ReturnType<typeof written> =>
          axis === depth
            ? written()
            : m.within(
                ix[axis]!,
                target(axis),
                1,
                1,
                () => from(axis + 1),
                () => old,
              );
        return from(0);
      }, met[0]!);
      return afterMeeting(m, "scatter_nd", mode as ScatterMode, data.dtype, value, met);
    };
  },
});
