/** Position arithmetic: rows gathered from tables, comparisons, casts and wrapping, written into caches of two lengths. */
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import { constant, input, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import { atBorder, turn } from "./dag.ts";
import { codeOf, type Edited, type PairDraw } from "./draw.ts";
import { nameOf } from "./names.ts";
import { respelled } from "./respell.ts";
import { call, castTo, numberLike, pick } from "./value.ts";

const int = (values: readonly number[], shape = [values.length]): Tensor => constant(values, shape, "int32");

/** Positions [T] under an instruction after another; what they write, read and show. */
export function positionsGraph(draw: PairDraw, T: number, side: "block" | "step"): Graph {
  const { knobs, slots: S, sizes, names, tokens } = draw;
  const name = (n: string) => nameOf(names, n);
  const D = sizes[1];
  const long = S + (knobs[4]! % 4);
  const x: Tensor = input(name("x"), [T, D]);
  const single = knobs[0]! % 3 === 0;
  const given: Tensor = input("position", [single ? 1 : T], "int32");
  const second: Tensor = input("cache_position", [single && knobs[0]! % 2 ? 1 : T], "int32");
  const count = int(Array.from({ length: T }, (_, t) => t));
  const own = (p: Tensor): Tensor => (p.type.shape[0] === T && T > 1 ? p : T === 1 ? p : call("add", p, count));
  const caches = [state(name("k"), [S, D]), state(name("v"), [long, D])] as readonly Tensor[];
  const two = knobs[1]! % 4 === 0;
  const env: Env = {
    x,
    first: own(given),
    other: two ? own(second) : own(given),
    table: weight(nameOf(names, "table", "weight"), [S, D]),
    T,
    S,
    draw,
  };
  let p = env.first;
  let v = x;
  for (const step of codeOf(draw, side)) {
    const made = step.op % 2 === 0 ? position(p, step, env) : row(v, p, step, env);
    const turned = step.turned ? turn({ x: made, token: 0 }).x : made;
    const done =
      step.spelled === undefined ? turned : respelled(turned, call("tanh", castTo(turned, "fp16")), step.spelled);
    if (step.op % 2 === 0) p = done;
    else v = done;
  }
  const at = knobs[3]! % 3 === 0 ? p : env.other;
  const exits = [
    write(caches[0]!, at, v, knobs[2]!, env, single),
    knobs[5]! % 3 === 0 ? write(caches[1]!, env.first, x, knobs[2]! >> 2, env, single) : caches[1]!,
  ];
  const shown: Record<string, Tensor> = { [name("out0")]: atBorder(v) };
  if (knobs[6]! % 2 === 0) shown[name("out1")] = castTo(p, "int32");
  if (knobs[7]! % 4 === 0) shown[name("out2")] = call("gather", exits[0]!, castTo(at, "int32"), { axis: 0 });
  return graph({
    name: `positions_t${T}_${tokens}`,
    inputs: [x, given, ...(two ? [second] : [])],
    states: [
      [caches[0]!, exits[0]!],
      [caches[1]!, exits[1]!],
    ],
    outputs: shown,
  });
}

interface Env {
  readonly x: Tensor;
  readonly first: Tensor;
  readonly other: Tensor;
  readonly table: Tensor;
  readonly T: number;
  readonly S: number;
  readonly draw: PairDraw;
}

const FACTORS = [1, 2, 3, -1, 0, 7, 2 ** 16, 2 ** 30, 4096, -5, 100];

/** Another position of one. */
function position(p: Tensor, { op, k, b, swapped }: Edited, { first, other, S }: Env): Tensor {
  const q = b % 2 ? first : other;
  const two = (how: string, y: Tensor) =>
    swapped ? call(how, castTo(y, p.type.dtype), p) : call(how, p, castTo(y, p.type.dtype));
  switch ((op >> 1) % 14) {
    case 0:
    case 1:
      return two("add", int([pick([0, 1, -1, 2, 3, 5, 70000], k)]));
    case 2:
      return two("mul", int([pick(FACTORS, k)]));
    case 3:
      return castTo(castTo(p, pick(["int16", "uint16", "int8", "uint8"] as const, k)), "int32");
    case 4:
      return castTo(castTo(p, pick(["fp16", "fp32"] as const, k)), "int32");
    case 5:
      return two(pick(["add", "sub", "mul", "minimum", "maximum"], k), q);
    case 6:
      return two(pick(["minimum", "maximum"], k), int([pick([0, 1, S - 1, S, 3, 2], b)]));
    case 7:
      return call(
        "select",
        call(
          pick(["less", "less_equal", "equal", "greater"], k),
          p,
          castTo(int([pick([0, 1, 2, S - 1, S], b)]), p.type.dtype),
        ),
        p,
        castTo(q, p.type.dtype),
      );
    case 8:
      return call(
        "gather",
        int(Array.from({ length: S }, (_, i) => pick([i, S - 1 - i, (i * 2) % S, 3 * i, i % 2], k))),
        castTo(p, "int32"),
        { axis: 0 },
      );
    case 9:
      return castTo(call("real_div", p, numberLike(p, pick([1, 2, 3, 4], k))), "int32");
    case 10:
      return castTo(call(pick(["less", "equal", "less_equal"], k), p, castTo(q, p.type.dtype)), "int32");
    case 11:
      return call(
        "sub",
        p,
        call(
          "mul",
          castTo(call("real_div", p, numberLike(p, pick([2, 3, S], k))), "int32"),
          numberLike(p, pick([2, 3, S], k)),
        ),
      );
    case 12:
      return two("sub", q);
    default:
      return two("add", castTo(call("less", p, numberLike(p, pick([1, 2, S], k))), "int32"));
  }
}

/** Another row [T, D] of one, by the positions. */
function row(v: Tensor, p: Tensor, { op, k, b, swapped }: Edited, { T, S, table, first, x }: Env): Tensor {
  const column = (y: Tensor, dtype: "fp16" | "fp32" = "fp16") => castTo(call("reshape", y, { shape: [T, 1] }), dtype);
  const two = (how: string, y: Tensor) => (swapped ? call(how, y, v) : call(how, v, y));
  const at = castTo(p, "int32");
  switch ((op >> 1) % 8) {
    case 0:
      return two(pick(["add", "mul", "sub"], k), call("gather", table, at, { axis: 0 }));
    case 1:
      return two(pick(["add", "mul"], k), column(at));
    case 2: {
      const cond = call(
        pick(["less", "less_equal", "equal", "greater"], k),
        column(at),
        numberLike(v, pick([0, 1, 2, S - 1, S, 3], b)),
      );
      return call("select", cond, v, call("mul", x, numberLike(v, 2)));
    }
    case 3: {
      const cond = call(
        "reshape",
        call(pick(["less", "equal", "less_equal"], k), at, b % 2 ? first : int([pick([0, 1, 2, S - 1, S], b >> 1)])),
        { shape: [T, 1] },
      );
      return swapped ? call("select", cond, x, v) : call("select", cond, v, call("mul", x, numberLike(v, 3)));
    }
    case 4:
      return two("mul", call(pick(["sin", "cos"], k), call("mul", column(at), numberLike(v, 0.1))));
    case 5: {
      const marks = constant(
        Array.from({ length: S }, (_, i) => pick([i, i % 2, Number(i < 2), i * i, Number(i === S - 1)], k)),
        [S],
      );
      return two("add", column(call("gather", marks, at, { axis: 0 })));
    }
    case 6:
      return call("softmax", v, { axis: 1 });
    default: {
      const rows = int(
        Array.from({ length: S }, (_, s) => s),
        [1, S],
      );
      const seen = castTo(
        call(pick(["less_equal", "equal", "less"], k), rows, call("reshape", at, { shape: [T, 1] })),
        "fp16",
      );
      return two("add", call("matmul", seen, table));
    }
  }
}

/** The cache with the rows written at the positions. */
function write(cache: Tensor, at: Tensor, rows: Tensor, how: number, { T }: Env, single: boolean): Tensor {
  const p = castTo(at, "int32");
  const [, D] = cache.type.shape as [number, number];
  const value = castTo(rows, "fp16");
  if (value.type.shape.join() !== `${T},${D}`) return cache;
  if (how % 5 === 0 && single) {
    const begin = call("concat", [call("slice_by_size", p, int([0]), { size: [1] }), int([0])], { axis: 0 });
    return call("slice_update", cache, value, begin, call("add", begin, int([T, D])));
  }
  return call("scatter", cache, p, value, { axis: 0, mode: pick(["update", "update", "update", "add", "max"], how) });
}
