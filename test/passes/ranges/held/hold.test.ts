/** Graphs whose values are held at powers of two say what they said, over the reals; and what no power goes through is told. */
import { describe, expect, test } from "vitest";
import { type Graph, graph, schedule } from "../../../../src/dsl/graph.ts";
import * as o from "../../../../src/dsl/ops/index.ts";
import { constant, input, named, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import { type Shape, sizeOf, type TensorType } from "../../../../src/dsl/type.ts";
import { arrayOf, type NDArray } from "../../../../src/passes/interpret/array.ts";
import { evaluate } from "../../../../src/passes/interpret/evaluate.ts";
import { boundGraph } from "../../../../src/passes/ranges/graph/bound-graph.ts";
import { evenly } from "../../../../src/passes/ranges/graph/region.ts";
import { hold } from "../../../../src/passes/ranges/held/hold.ts";
import { type Need, needsOf } from "../../../../src/passes/ranges/held/needs.ts";
import { exampleOf, type Random, randomFrom } from "../../../support/ops/examples.ts";

type Feed = Readonly<Record<string, NDArray>>;

/** Ops that powers of two go through. */
const THROUGH = new Set([
  ...["add", "sub", "maximum", "minimum", "abs", "relu", "mul", "matmul", "conv", "linear", "real_div"],
  ...["square", "sqrt", "reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "identity"],
]);

/** Needs that no bound asked for: any exponents must do, over the reals. Results of the graph have none. */
function needsDrawn(made: Graph, random: Random): readonly Need[] {
  const results = new Set([...Object.values(made.outputs), ...made.states.map(({ exit }) => exit)]);
  const drawn = (): number => (random() < 0.5 ? 0 : Math.floor(random() * 4));
  return schedule(made).map((value) =>
    value.def.kind === "op" && THROUGH.has(value.def.op) && value.type.dtype === "fp16"
      ? { number: results.has(value) ? 0 : drawn(), sum: drawn() }
      : { number: 0, sum: 0 },
  );
}

const numbersOf = (made: Graph, values: Feed): readonly number[] => {
  const weightOf = (_: unknown, { dtype, shape }: TensorType): NDArray =>
    arrayOf(
      dtype,
      shape,
      Float64Array.from({ length: sizeOf(shape) }, (_x, k) => ((k * 7) % 5) - 1.5),
    );
  const { outputs } = evaluate(made, { values, weight: weightOf as never }, { precision: "fp64" });
  return Object.values(outputs).flatMap(({ data }) => [...data]);
};

/** Which ops were held at a power above 0; none where the draw asked for what none mends. */
function heldOps(made: Graph, values: Feed, random: Random): readonly string[] {
  const found = hold(made, needsDrawn(made, random));
  if (found.kind === "unheld") return [];
  const [before, after] = [numbersOf(made, values), numbersOf(found.graph, values)];
  for (const [k, x] of before.entries()) {
    const near = Object.is(x, after[k]) || Math.abs(x - after[k]!) <= 1e-9 * Math.max(1, Math.abs(x));
    expect(near, `${x} became ${after[k]}`).toBe(true);
  }
  return [...found.exponents.keys()].map(({ def }) => (def.kind === "op" ? def.op : ""));
}

/** The graph with one more op behind each result, so that it may be held. */
const behind = (made: Graph): Graph => ({
  ...made,
  outputs: Object.fromEntries(
    Object.entries(made.outputs).map(([name, y]) => [
      name,
      y.type.dtype === "fp16" ? o.mul(y as Tensor<Shape, "fp16">, 1) : y,
    ]),
  ),
});

type Square = Tensor<Shape, "fp16">;

/** A value of two before it, of a shape that they all have. */
const STEPS: readonly ((a: Square, b: Square) => Square)[] = [
  (a, b) => o.add(a, b),
  (a, b) => o.sub(a, b),
  (a, b) => o.mul(a, b),
  (a, b) => o.maximum(a, b),
  (a) => o.minimum(a, 0.5) as Square,
  (a, b) => o.real_div(a, o.add(o.abs(b), 1)),
  (_, b) => o.real_div(2, o.add(o.square(b), 1)) as Square,
  (a) => o.sqrt(o.abs(a)),
  (a, b) => o.matmul(a, b, { transpose_y: true }) as Square,
  (a, b) => o.add(a, o.reduce_mean(b, { axes: [1], keep_dims: true })),
  (a, b) => o.sub(a, o.reduce_max(b, { axes: [0], keep_dims: true })),
  (a) => o.transpose(a, { perm: [1, 0] }),
  (a) => o.concat(o.split(a, { num_splits: 3, axis: 0 }).toReversed() as readonly Square[], { axis: 0 }),
  (a) => o.tanh(a),
];

/** Eight of them, one behind the other. */
function chainOf(random: Random): Graph {
  const inputs = ["x", "y"].map((name) => input(name, [3, 3]));
  const values: Square[] = [...inputs];
  const pick = <X>(of: readonly X[]): X => of[Math.floor(random() * of.length)]!;
  for (let n = 0; n < 8; n++) values.push(pick(STEPS)(values.at(-1)!, pick(values)));
  return graph({ name: "chain", inputs, outputs: { y: o.mul(values.at(-1)!, 1) } });
}

describe("over the reals a held graph is the graph", () => {
  const all = new Map<string, number>();
  test.each([...o.opTable.keys()])("%s", (name) => {
    for (let seed = 0; seed < 30; seed++) {
      const random = randomFrom(seed * 7919 + 3);
      const { graph: made, inputs } = exampleOf(name, random);
      for (const op of heldOps(behind(made), inputs, random)) all.set(op, (all.get(op) ?? 0) + 1);
    }
  });
  test("every op that powers go through was held", () => {
    for (const op of THROUGH) expect(all.get(op) ?? 0, op).toBeGreaterThan(3);
    for (const op of ["exp", "softmax", "silu", "greater", "cast", "pad", "gather", "sin"])
      expect(all.has(op), op).toBe(false);
  });
  test("random graphs of several ops", () => {
    let held = 0;
    for (let seed = 0; seed < 200; seed++) {
      const random = randomFrom(seed * 104_729 + 1);
      const made = chainOf(random);
      const feed = Object.fromEntries(
        made.inputs.map(({ name = "", type: { dtype, shape } }) => [
          name,
          arrayOf(
            dtype,
            shape,
            Float64Array.from({ length: sizeOf(shape) }, () => 4 * random() - 2),
          ),
        ]),
      );
      held += heldOps(made, feed, random).length;
    }
    expect(held).toBeGreaterThan(1000);
  });
});

describe("what is held, and where it is undone", () => {
  const x = input("x", [1, 4, 1, 1]);
  const made = (y: Tensor) => graph({ name: "g", inputs: [x], outputs: { y } });
  /** The graph held as its bounds for |x| up to so much ask for, with weights of one number. */
  const heldFor = (most: number, y: Tensor, number = 1) => {
    const own = made(y);
    const bounds = boundGraph(own, {
      masks: new Set(),
      input: ({ type: { shape } }) => evenly(shape, -most, most),
      weight: ({ type: { shape } }) => evenly(shape, number, number).low,
    });
    return hold(own, needsOf([{ graph: own, bounds }]));
  };
  const opsOf = (held: ReturnType<typeof hold>): readonly string[] =>
    held.kind === "unheld"
      ? []
      : schedule(held.graph).flatMap(({ def, name }) =>
          def.kind === "op" ? [name ? `${def.op} ${name}` : def.op] : [],
        );
  const W = weight("w", [4, 4, 1, 1]);

  test("nothing where everything holds", () => {
    const found = heldFor(100, named("sum", o.conv(x, W)));
    expect([found.kind, opsOf(found)]).toEqual(["held", ["conv sum"]]);
  });
  test("a sum beyond the accumulator is made of smaller operands, and undone at once: the weight is what it was", () => {
    const found = heldFor(10_000, o.mul(named("sum", o.conv(x, W)), 0.25));
    expect(opsOf(found)).toEqual(["mul", "conv sum.held", "mul sum", "mul"]);
    expect(found.kind === "held" && [...found.exponents.values()]).toEqual([1]);
  });
  test("a number beyond fp16 stays small until it is small again, through what only moves it", () => {
    const product = named("product", o.mul(x, 40));
    const parts = o.split(product, { num_splits: 2, axis: 1 }) as readonly Tensor<Shape, "fp16">[];
    const y = o.mul(o.add(parts[0]!, parts[1]!), 2 ** -6);
    const found = heldFor(10_000, y);
    expect(opsOf(found)).toEqual(["mul", "mul product.held", "split", "mul", "split", "mul", "add", "mul", "mul"]);
  });
  test("a mean, whose sum is beyond fp16", () => {
    const found = heldFor(20_000, o.reduce_mean(x, { axes: [1], keep_dims: true }));
    expect(opsOf(found)).toEqual(["mul", "reduce_mean", "mul"]);
  });
  test("a constant beside it is made smaller itself, where fp16 holds that", () => {
    const twice = o.mul(x, 40);
    const found = heldFor(10_000, o.mul(o.maximum(twice, constant([3], [1, 1, 1, 1], "fp16")), 2 ** -6));
    const consts =
      found.kind === "held"
        ? schedule(found.graph).flatMap(({ def }) => (def.kind === "const" ? [...Array.from(def.data)] : []))
        : [];
    expect(consts).toContain(3 / 8);
  });
  test.each<[string, Tensor, RegExp]>([
    ["a result of the graph", o.mul(x, 40), /^is beyond fp16, and a result of the graph/],
    ["an op that no power goes through", o.tanh(o.mul(x, 40)), /^is of a number beyond fp16, and its op is none/],
    ["an op that is too large itself", o.exp(x), /^is not bounded|^is beyond its limit/],
    [
      "a product with a bias",
      o.mul(o.conv(x, W, { bias: constant([0, 0, 0, 1], [4], "fp16") } as never), 0.1),
      /^has a bias/,
    ],
    ["what would be nearly nothing", o.mul(o.mul(o.mul(x, 50_000), 8), 2 ** -20), /^would have to be held at 2\^-\d+/],
  ])("%s is told", (_, y, why) => {
    const found = heldFor(10_000, y);
    expect(found.kind === "unheld" ? found.why : "held").toMatch(why);
  });
  test("the larger need of both is that of each", () => {
    const y = o.mul(named("sum", o.conv(x, W)), 0.25);
    const own = made(y);
    const boundsFor = (most: number) => {
      const bounds = boundGraph(own, {
        masks: new Set(),
        input: ({ type: { shape } }) => evenly(shape, -most, most),
        weight: ({ type: { shape } }) => evenly(shape, 1, 1).low,
      });
      return { graph: own, bounds };
    };
    const sums = (...most: readonly number[]) => Math.max(...needsOf(most.map(boundsFor)).map(({ sum }) => sum));
    expect([sums(1), sums(10_000), sums(1, 10_000), sums(10_000, 1)]).toEqual([0, 1, 1, 1]);
  });
  test("block and step that are made of other ops are told", () => {
    const bounds = { values: [], growing: [], unscored: [], regions: new Map() };
    const pair = [made(o.abs(x)), made(o.square(x))].map((one) => ({ graph: one, bounds }));
    expect(() => needsOf(pair)).toThrow(/not made of the same ops: abs in one is square in the other/);
  });
});
