/** Tensors made of a few numbers: one number everywhere, one place marked, numbers in equal steps. */
import { attr } from "../attr.ts";
import { roundTo } from "../number.ts";
import { op } from "../op.ts";
import type { Info } from "../op-spec.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, FLOATS, isFloat, NUMBERS, type Shape } from "../type.ts";

/** Call of fill: a scalar in every place. */
export type Fill = <D extends DType>(value: Tensor<Shape, D>, options: { shape: Shape }) => Tensor<Shape, D>;
/** Call of fill_like: a scalar in every place of a shape that another tensor has; 0 of fp32 when absent. */
export type FillLike = <S extends Shape>(ref_tensor: Tensor<S>, options?: { value?: Tensor | number }) => Tensor<S>;
/** Call of range_1d: numbers that are known at compile time. */
export type Range = <D extends DType = "int32">(
  end: number | Tensor<Shape, D>,
  start: number | Tensor<Shape, D>,
  step: number | Tensor<Shape, D>,
) => Tensor<Shape, D>;
/** Call of one_hot: an axis of that size more; 1 and 0 of int32 when nothing is said. */
export type OneHot = (
  indices: Tensor<Shape, "int32">,
  options: { one_hot_vector_size: number; axis?: number; on_value?: Tensor; off_value?: Tensor },
) => Tensor;

const MADE = [...NUMBERS, "bool"] as const satisfies readonly DType[];

/** One number in every place of a shape. */
export const fill = op<Fill>("fill")({
  doc: "y = value, a scalar, in every place of `shape`",
  operands: { value: { dtypes: MADE } },
  attrs: { shape: attr("int32[]") },
  rounds: false,
  traits: ["moves"],
  infer: ({ value }, { shape }) => scalarOf("value", value) ?? { dtype: value.dtype, shape },
  element:
    (_, { value }) =>
    () =>
      value.at(),
});

/** One number in every place of another tensor's shape. */
export const fill_like = op<FillLike>("fill_like")({
  doc: "y = value, a scalar that is 0 of fp32 where it is not given, in every place of the shape of ref_tensor",
  operands: { ref_tensor: { dtypes: MADE }, value: { dtypes: MADE, constant: true, optional: true } },
  attrs: {},
  rounds: false,
  infer: ({ ref_tensor, value }) =>
    (value && scalarOf("value", value)) ?? { dtype: value?.dtype ?? "fp32", shape: ref_tensor.shape },
  element:
    (m, { value }) =>
    () =>
      value?.at() ?? m.num(0),
});

/** Vectors in which one place has one value, and all others another. */
export const one_hot = op<OneHot>("one_hot")({
  doc: [
    "y[…, i, …] = on_value where the index is i, else off_value, the new axis `axis` counted in y; 1 and 0 of int32 where they are not given;",
    "an index outside the axis marks no place",
  ].join(" "),
  operands: {
    indices: { dtypes: ["int32"] },
    on_value: { dtypes: MADE, constant: true, optional: true },
    off_value: { dtypes: MADE, like: "on_value", constant: true, optional: true },
  },
  attrs: { one_hot_vector_size: attr("int32"), axis: attr("axis", -1, { extraRank: 1 }) },
  rounds: false,
  infer({ indices, on_value, off_value }, { one_hot_vector_size: size, axis }) {
    const [on, off] = [on_value?.dtype ?? "int32", off_value?.dtype ?? "int32"];
    if (on !== off) return `on_value is ${on}, off_value is ${off}`;
    const wrong = (on_value && scalarOf("on_value", on_value)) ?? (off_value && scalarOf("off_value", off_value));
    return wrong ?? { dtype: on, shape: indices.shape.toSpliced(axis, 0, size) };
  },
  element:
    (m, { indices, on_value, off_value }, { axis }) =>
    (ix) =>
      m.select(
        m.compare("equal", indices.at(...ix.toSpliced(axis, 1)), m.scalar(ix[axis]!)),
        () => on_value?.at() ?? m.num(1),
        () => off_value?.at() ?? m.num(0),
      ),
});

// A number that an author writes is a whole one unless it stands beside a float.
const bound = { dtypes: ["int32", ...FLOATS], constant: true } as const;

/** The numbers start, start + step, … before end. */
export const range_1d = op<Range>("range_1d")({
  doc: [
    "y[i] = start + i · step, as long as that lies before end; of floats the step is (start + step) − start, start + step rounded,",
    "as numpy's arange has it, and their number ⌈(end − start) / step⌉ in their dtype",
  ].join(" "),
  operands: { end: bound, start: { ...bound, like: "end" }, step: { ...bound, like: "end" } },
  attrs: {},
  infer(x) {
    const wrong = Object.entries(x).find(([, { shape, values }]) => shape.length > 0 || values === undefined);
    if (wrong) return `${wrong[0]} must be a number in the graph`;
    const { dtype } = x.end;
    const [end, start, step] = [x.end.values![0]!, x.start.values![0]!, x.step.values![0]!];
    if (step === 0) return "step is 0";
    const rounded = (value: number) => (isFloat(dtype) ? roundTo(dtype, value) : value);
    return { dtype, shape: [Math.max(0, Math.ceil(rounded(rounded(end - start) / step)))] };
  },
  element: (m, { end: { dtype }, start, step }) => {
    const each = () => (isFloat(dtype) ? m.sub(m.round(dtype, m.add(start.at(), step.at())), start.at()) : step.at());
    return ([i]) => m.add(start.at(), m.mul(m.scalar(i!), each()));
  },
});

const scalarOf = (key: string, { shape }: Info): string | undefined =>
  shape.length === 0 ? undefined : `${key} is [${shape.join(",")}]; it must be a scalar`;
