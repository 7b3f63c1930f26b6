/** Write at positions that another tensor holds. */
import type { Algebra, Index, Read, Scalar } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, isFloat, NUMBERS, placesOf, type Shape, sameShape } from "../type.ts";
import { checkAlong, checkPositions, type Indices } from "./gather.ts";

/** How an update is combined with what is there. */
export type ScatterMode = "update" | "add" | "sub" | "mul" | "div" | "max" | "min";

/** Call of the scatter ops: the shape is that of data; mode `add` when absent. */
export type Scatter = <S extends Shape, D extends DType>(
  data: Tensor<S, D>,
  indices: Indices,
  updates: Tensor<Shape, D>,
  options?: { axis?: number; mode?: ScatterMode; validate_indices?: boolean },
) => Tensor<S, D>;

const COMBINED: Readonly<Record<ScatterMode, (m: Algebra, old: Scalar, update: Scalar) => Scalar>> = {
  update: (_, _old, update) => update,
  add: (m, old, update) => m.add(old, update),
  sub: (m, old, update) => m.sub(old, update),
  mul: (m, old, update) => m.mul(old, update),
  div: (m, old, update) => m.div(old, update),
  max: (m, old, update) => m.maximum(old, update),
  min: (m, old, update) => m.minimum(old, update),
};
/** All of them. */
export const MODES = Object.keys(COMBINED) as readonly ScatterMode[];
/** Whether what it gives is one of the two, so that nothing is rounded. */
export const isExact = (mode: ScatterMode): boolean => mode === "update" || mode === "max" || mode === "min";
/** What stands at a place after updates met what was there, listed in that order. Nobody says theirs; whole numbers are the same in any. */
export const afterMeeting = (
  m: Algebra,
  name: string,
  mode: ScatterMode,
  dtype: DType,
  value: Scalar,
  met: readonly Scalar[],
): Scalar => (met.length > 2 && isFloat(dtype) && !isExact(mode) ? m.ownOrder(name, [], value, met) : value);
/** An update into what is there. */
export const combine = (m: Algebra, mode: ScatterMode, old: Scalar, update: Scalar): Scalar =>
  COMBINED[mode](m, old, update);

const operands = {
  data: { dtypes: NUMBERS },
  indices: { dtypes: ["int32"] },
  updates: { dtypes: NUMBERS, like: "data" },
} as const;

const attrs = {
  axis: attr("axis", 0),
  mode: attr("string", "add", { oneOf: MODES }),
  validate_indices: attr("bool", false),
};

/** What the scatter ops say of repeated positions. */
export const REPEATED =
  "where several updates meet, they are applied in row-major order, each rounded to the dtype: of sums and products of floats a device may have another, so that no proof takes these bits for those of another op; the default mode is add";

/** data with updates combined into the positions `indices` along `axis`; each update rounds on its own. */
export const scatter = op<Scatter>("scatter")({
  doc: `y = data, with y[a…, indices[j…], b…] combined by \`mode\` with updates[a…, j…, b…]; ${REPEATED}`,
  operands,
  attrs,
  // Each update rounds on its own, as so many separate ops would.
  rounds: false,
  infer({ data, indices, updates }, { axis }) {
    const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
    if (!sameShape(shape, updates.shape))
      return `updates are [${updates.shape.join(",")}]; data and indices ask for [${shape.join(",")}]`;
    return checkPositions(indices, data.shape[axis]!) ?? data;
  },
  element: (m, { data, indices, updates }, { axis, mode }) => {
    const places = placesOf(indices.shape);
    return (ix) => {
      const at = (place: readonly Index[]) => updates.at(...ix.slice(0, axis), ...place, ...ix.slice(axis + 1));
      const writes = places.map((place, n) => {
        const js = place.map((j) => m.index(j));
        const known = indices.values?.[n];
        const target = known === undefined ? m.indexOf(indices.at(...js), data.shape[axis]!) : m.index(known);
        return { target, update: () => at(js) };
      });
      return applyAll(m, "scatter", data, ix, ix[axis]!, mode as ScatterMode, writes);
    };
  },
});

/** data with updates combined along `axis`, a position for every element: indices has the shape of updates. */
export const scatter_along_axis = op<Scatter>("scatter_along_axis")({
  doc: `y = data, with y[…, indices[…, j, …], …] combined by \`mode\` with updates[…, j, …], along \`axis\`; ${REPEATED}`,
  operands,
  attrs,
  rounds: false,
  infer({ data, indices, updates }, { axis }) {
    if (!sameShape(indices.shape, updates.shape))
      return `indices are [${indices.shape.join(",")}], updates are [${updates.shape.join(",")}]`;
    return checkAlong(data, indices, axis) ?? checkPositions(indices, data.shape[axis]!) ?? data;
  },
  element:
    (m, { data, indices, updates }, { axis, mode }) =>
    (ix) => {
      const writes = Array.from({ length: indices.shape[axis]! }, (_, j) => {
        const at = ix.with(axis, m.index(j));
        return { target: m.indexOf(indices.at(...at), data.shape[axis]!), update: () => updates.at(...at) };
      });
      return applyAll(m, "scatter_along_axis", data, ix, ix[axis]!, mode as ScatterMode, writes);
    },
});

interface Write {
  readonly target: Index;
  readonly update: () => Scalar;
}

/** The element of data at `ix` after all the writes whose target is position `i`. */
function applyAll(
  m: Algebra,
  name: string,
  data: Read,
  ix: readonly Index[],
  i: Index,
  mode: ScatterMode,
  writes: readonly Write[],
): Scalar {
  const met = [data.at(...ix)];
  const value = writes.reduce((old, { target, update }) => {
    const written = () => {
      const own = update();
      met.push(own);
      const value = combine(m, mode, old, own);
      return isExact(mode) ? value : m.round(data.dtype, value);
    };
    return m.within(i, target, 1, 1, written, () => old);
  }, met[0]!);
  return afterMeeting(m, name, mode, data.dtype, value, met);
}
