/** Random DAGs over the op table, token by token: each instruction makes one value of one or two before it. */
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import { constant, input, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import { isFloat, type Shape } from "../../../../src/dsl/type.ts";
import { codeOf, type Edited, type PairDraw } from "./draw.ts";
import { nameOf } from "./names.ts";
import { respelled } from "./respell.ts";
import { call, castTo, isTruth, numberLike, pick, type Value } from "./value.ts";

/** A random DAG for T tokens. */
export function dagGraph(draw: PairDraw, T: number, side: "block" | "step"): Graph {
  const [p, q] = draw.sizes;
  const name = (n: string) => nameOf(draw.names, n);
  const [x, y] = ["x", "y"].map((n) => input(name(n), [T, p, q]));
  const z = input(name("z"), [1, p, q]);
  const inputs = [x!, y!, z];
  const values: Value[] = [
    { x: x!, token: 0 },
    { x: y!, token: 0 },
    { x: z },
    { x: weight(nameOf(draw.names, "w", "weight"), [p, q]) },
  ];
  const code = codeOf(draw, side);
  for (const step of code) {
    const made = instructionOf(step, values, draw);
    values.push(edited(made, step));
  }
  const shown = values.filter((v) => v.token !== undefined);
  const outputs = Object.fromEntries(
    [shown.at(-1)!, ...(draw.knobs[0]! % 3 === 0 ? [pick(shown, draw.knobs[1]!)] : [])].map((v, n) => [
      name(`out${n}`),
      atBorder(v.x),
    ]),
  );
  return graph({ name: `dag_t${T}`, inputs, outputs });
}

/** The value of an instruction with what its edit does to it. */
export function edited(made: Value, { turned, spelled }: Edited): Value {
  if (turned) return turn(made);
  return spelled === undefined ? made : { ...made, x: respelled(made.x, call("tanh", floatOf(made.x)), spelled) };
}

const floatOf = (x: Tensor): Tensor => (isFloat(x.type.dtype) ? x : castTo(x, "fp16"));

/** What may leave a graph. */
export const atBorder = (x: Tensor): Tensor =>
  ["fp16", "fp32", "int32"].includes(x.type.dtype) ? x : castTo(x, isFloat(x.type.dtype) ? "fp16" : "int32");

/** The tokens in the opposite order. */
export function turn({ x, token }: Value): Value {
  if (token === undefined) return { x };
  const n = x.type.shape[token]!;
  const rows = Array.from({ length: n }, (_, t) => n - 1 - t);
  const indices = constant(rows, [n], "int32");
  return { x: call("gather", x, indices, { axis: token }), token };
}

const NUMBERS = [0, 1, -1, 0.5, 2, -2, 3, 0.1, 10, -0.25, 4, 100];
const UNARY = ["abs", "exp", "tanh", "square", "sigmoid", "silu", "erf", "sin", "cos", "gelu", "identity"];
const BINARY = ["add", "sub", "mul", "maximum", "minimum", "real_div"];
const COMPARE = ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"];
const REDUCE = ["reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_sum_square", "reduce_l2_norm"];

type Make = (x: Value, y: Value, step: Edited, draw: PairDraw) => Value;

/** The value of an instruction; where its op does not fit its operands another takes its place. */
export function instructionOf(step: Edited, values: readonly Value[], draw: PairDraw, table = TABLE): Value {
  const [a, b] = [pick(values, 2 * values.length - 1 - [0, 0, 0, 1, 2][step.a % 5]!), pick(values, step.b)];
  const [x, y] = step.swapped ? [b, a] : [a, b];
  return pick(table, step.op)(x, y, step, draw);
}

const same = (x: Value, y: Tensor): Value => ({ ...x, x: y });
const float = (x: Value): Value => (isFloat(x.x.type.dtype) ? x : same(x, castTo(x.x, "fp16")));

const unary: Make = (x, _, { k }) => same(x, call(pick(UNARY, k), float(x).x));
const root: Make = (x, _, { k }) =>
  same(x, call(pick(["sqrt", "rsqrt", "log"], k), call("add", call("abs", float(x).x), numberLike(float(x).x, k % 2))));
const withNumber: Make = (x, _, { k, b, swapped }) => {
  const v = float(x).x;
  const c = numberLike(v, pick(NUMBERS, k));
  const how = pick([...BINARY, ...BINARY], b);
  return same(x, swapped ? call(how, c, v) : call(how, v, c));
};

/** Both operands at one dtype, if they broadcast token by token. */
function aligned(x: Value, y: Value): readonly [Tensor, Tensor, number | undefined] | undefined {
  const [s, t] = [x.x.type.shape, y.x.type.shape];
  if (s.length < t.length) return undefined;
  const skip = s.length - t.length;
  const token = y.token === undefined ? undefined : y.token + skip;
  if (token !== undefined && token !== x.token) return undefined;
  if (x.token !== undefined && token === undefined && (t[x.token - skip] ?? 1) !== 1) return undefined;
  if (t.some((n, axis) => n !== 1 && n !== s[axis + skip] && axis + skip !== x.token)) return undefined;
  if (token !== undefined && s[token] !== t[token - skip]) return undefined;
  const one = isTruth(x.x) ? castTo(x.x, "fp16") : x.x;
  return [one, castTo(y.x, one.type.dtype), x.token];
}

const binary: Make = (x, y, step, draw) => {
  const pair = aligned(x, y);
  return pair ? same(x, call(pick(BINARY, step.k), pair[0], pair[1])) : withNumber(x, y, step, draw);
};
const compare: Make = (x, y, step) => {
  const pair = aligned(x, y);
  const one = pair ?? [float(x).x, numberLike(float(x).x, pick(NUMBERS, step.k >> 3))];
  return same(x, castTo(call(pick(COMPARE, step.k), one[0], one[1]), one[0].type.dtype));
};
const choice: Make = (x, y, step) => {
  const v = float(x).x;
  const pair = aligned(same(x, v), y);
  const cond = call(pick(COMPARE, step.k), v, numberLike(v, pick(NUMBERS, step.b)));
  const other = pair?.[1] ?? numberLike(v, pick(NUMBERS, step.k >> 2));
  return same(x, step.swapped ? call("select", cond, other, v) : call("select", cond, v, other));
};

/** An axis of x that is not the tokens'; undefined when there is none. */
function axisOf({ x, token }: Value, n: number): number | undefined {
  const axes = x.type.shape.flatMap((_, axis) => (axis === token ? [] : [axis]));
  return axes.length > 0 ? pick(axes, n) : undefined;
}

const onAxis =
  (make: (x: Value, axis: number, step: Edited, y: Value) => Value): Make =>
  (x, y, step, draw) => {
    const axis = axisOf(x, step.b);
    return axis === undefined ? withNumber(x, y, step, draw) : make(x, axis, step, y);
  };

const reduce = onAxis((x, axis, { k }) =>
  same(x, call(pick(REDUCE, k), float(x).x, { axes: [axis], keep_dims: true })),
);
const soft = onAxis((x, axis) => same(x, call("softmax", float(x).x, { axis })));
const norm = onAxis((x, axis, { k }) =>
  same(x, call("layer_norm", float(x).x, { axes: [axis], epsilon: 10 ** -(1 + (k % 4)) })),
);
const slice = onAxis((x, axis, { k }) => {
  const { shape } = x.x.type;
  const begin = k % shape[axis]!;
  const size = 1 + ((k >> 2) % (shape[axis]! - begin));
  const starts = shape.map((_, a) => (a === axis ? begin : 0));
  return same(
    x,
    call("slice_by_size", x.x, constant(starts, [shape.length], "int32"), { size: shape.with(axis, size) }),
  );
});
const tile = onAxis((x, axis, { k }) => {
  if (x.x.type.shape[axis]! > 4) return x;
  const v = isTruth(x.x) || ["fp16", "fp32", "int32"].includes(x.x.type.dtype) ? x.x : castTo(x.x, "fp16");
  return same(x, call("tile", v, { reps: x.x.type.shape.map((_, a) => (a === axis ? 1 + (k % 2) : 1)) }));
});
const gather = onAxis((x, axis, { k, b }) => {
  const n = x.x.type.shape[axis]!;
  const rows = Array.from({ length: 1 + (b % 3) }, (_, j) => (k + j * (1 + (k % 2))) % n);
  return same(
    x,
    call("gather", castTo(x.x, isTruth(x.x) ? "fp16" : x.x.type.dtype), constant(rows, [rows.length], "int32"), {
      axis,
    }),
  );
});
const concat = onAxis((x, axis, _, y) => {
  const [s, t] = [x.x.type.shape, y.x.type.shape];
  const fits = x.token === y.token && s.length === t.length && s.every((n, a) => a === axis || n === t[a]);
  const other = fits ? castTo(y.x, x.x.type.dtype) : x.x;
  return s[axis]! > 4 ? x : same(x, call("concat", [x.x, other], { axis }));
});

const transpose: Make = ({ x, token }, _, { k }) => {
  const n = x.type.shape.length;
  const perm = pick(
    [
      [1, 0, 2],
      [0, 2, 1],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1],
    ],
    k,
  ).filter((axis) => axis < n);
  return { x: call("transpose", x, { perm }), ...(token === undefined ? {} : { token: perm.indexOf(token) }) };
};
/** The axes after the tokens' (or all others) under another shape. */
const reshape: Make = (value, _, { k }) => {
  const { x, token } = value;
  const { shape } = x.type;
  if (token !== undefined && token !== 0 && token !== shape.length - 1) return value;
  const rest = shape.filter((_, axis) => axis !== token);
  const n = rest.reduce((a, b) => a * b, 1);
  const split = pick([1, n, rest.at(-1) ?? 1, rest[0] ?? 1], k);
  const tail = n % split === 0 ? [split, n / split] : [n, 1];
  const to: Shape = token === undefined ? tail : token === 0 ? [shape[0]!, ...tail] : [...tail, shape[token]!];
  return {
    x: call("reshape", x, { shape: to }),
    ...(token === undefined ? {} : { token: token === 0 ? 0 : to.length - 1 }),
  };
};
/** One name is one tensor: a matrix of other columns than the inputs have has them in its name. */
const matrixName = ({ names, sizes }: PairDraw, plain: string, columns: number): string =>
  nameOf(names, plain, "weight") + (columns === sizes[1] ? "" : ` ${columns}`);
const product: Make = (x, y, step, draw) => {
  const v = float(x).x;
  const last = v.type.shape.length - 1;
  if (x.token === last) return withNumber(x, y, step, draw);
  const n = v.type.shape[last]!;
  if (step.k % 3 === 0 && x.token === 0 && last === 2)
    return same(x, call("matmul", v, v, step.k % 2 ? { transpose_y: true } : { transpose_x: true }));
  const w = castTo(weight(matrixName(draw, `m${step.b % 2}`, n), [2, n]), v.type.dtype);
  return same(x, call("matmul", v, w, { transpose_y: true }));
};
/** A convolution of width 1 over [1, channels, T, 1], and back. */
const conv: Make = (x, y, step, draw) => {
  const v = castTo(x.x, "fp16");
  const { shape } = v.type;
  if (x.token !== 0) return withNumber(x, y, step, draw);
  const n = shape.slice(1).reduce((a, b) => a * b, 1);
  const columns = call("transpose", call("reshape", v, { shape: [shape[0]!, n] }), { perm: [1, 0] });
  const w = weight(matrixName(draw, `c${step.k % 2}`, n), [2, n, 1, 1]);
  const made = call("conv", call("reshape", columns, { shape: [1, n, shape[0]!, 1] }), w);
  return { x: call("transpose", call("reshape", made, { shape: [2, shape[0]!] }), { perm: [1, 0] }), token: 0 };
};
const cast: Make = (x, _, { k }) =>
  same(x, castTo(x.x, pick(["fp32", "fp16", "int32", "int16", "uint8", "fp32", "bool"] as const, k)));
const clip: Make = (x, _, { k }) => same(x, call("clip", float(x).x, { alpha: -((k % 4) / 2), beta: (k >> 2) / 4 }));

const TABLE: readonly Make[] = [
  unary,
  root,
  withNumber,
  binary,
  binary,
  compare,
  choice,
  reduce,
  soft,
  norm,
  slice,
  tile,
  gather,
  concat,
  transpose,
  reshape,
  product,
  conv,
  cast,
  clip,
];
