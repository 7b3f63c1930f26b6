/** Values that both graphs have: by the author's name, or by number where the graphs have the same ops. */
import { describe, expect, test } from "vitest";
import { graph, schedule } from "../../../../src/dsl/graph.ts";
import { add, exp, mul, reduce_sum, slice_by_size, tanh } from "../../../../src/dsl/ops/index.ts";
import { input, named, state, type Tensor } from "../../../../src/dsl/tensor.ts";
import { type Shape, sameType } from "../../../../src/dsl/type.ts";
import { namedFirst, probesOf } from "../../../../src/passes/prove/refute/probes.ts";

type Value = Tensor<Shape, "fp16">;
type Make = (x: Value, K: Value) => Value;

/** y of rows [T, 4], with caches [3, 4] and [2, 2] that are left as they are. */
const graphOf = (make: Make, tokens: number) => {
  const [x, K, L]: [Value, Value, Value] = [input("x", [tokens, 4]), state("K", [3, 4]), state("small", [2, 2])];
  const states = [K, L].map((entry) => [entry, entry] as const);
  return graph({ name: `g${tokens}`, inputs: [x], states, outputs: { y: make(x, K) } });
};

const T = 2;
/** Pairs as text: which value of the block, which of the step, and how they are compared. */
const told = (block: Make, step: Make = block, tokens = T): readonly string[] => {
  const graphs = { block: graphOf(block, tokens), step: graphOf(step, 1) };
  return probesOf(graphs, tokens, schedule(graphs.block)).map((pair) => {
    expect(schedule(graphs.block)).toContain(pair.block);
    expect(schedule(graphs.step)).toContain(pair.step);
    const of = ({ def, name }: Tensor) => `${name ?? (def.kind === "op" ? def.op : def.kind)}`;
    const axis = pair.tokenAxis === undefined ? "" : ` along ${pair.tokenAxis}`;
    return `${pair.name}: ${of(pair.block)} = ${of(pair.step)}, ${pair.what}${axis}`;
  });
};
const as = (name: string, x: Tensor): Value => named(name, x as Value);
const half = (x: Tensor): Value => mul(x as Value, 0.5) as Value;

describe("by name", () => {
  test("values that the author named alike are compared, whatever else the graphs do", () => {
    expect(
      told(
        (x) => half(as("h", exp(x))),
        (x) => exp(exp(as("h", tanh(x)))) as Value,
      ),
    ).toEqual(["h: h = h, value along 0"]);
  });

  test("those of another name or of another op are not", () => {
    expect(
      told(
        (x) => half(as("h", exp(x))),
        (x) => half(half(as("g", exp(x)))),
      ),
    ).toEqual([]);
  });

  test("names are told apart from numbers", () => {
    expect(
      told(
        (x) => as("h", exp(half(x))),
        (x) => as("h", exp(half(x))),
      ),
    ).toEqual(["mul_0: mul = mul, value along 0", "h: h = h, value along 0"]);
  });
});

describe("by number", () => {
  test("where both graphs have the same ops in the same order", () => {
    expect(told((x) => half(exp(half(x))))).toEqual([
      "mul_0: mul = mul, value along 0",
      "exp_0: exp = exp, value along 0",
      "mul_1: mul = mul, value along 0",
    ]);
  });

  test("a value with a name takes no number", () => {
    expect(told((x) => half(as("h", half(half(x)))))).toEqual([
      "mul_0: mul = mul, value along 0",
      "h: h = h, value along 0",
      "mul_1: mul = mul, value along 0",
    ]);
  });

  test.each<readonly [string, Make, Make]>([
    ["ops differ", (x) => half(exp(x)), (x) => half(tanh(x))],
    ["their order differs", (x) => half(exp(x)), (x) => exp(half(x)) as Value],
    ["one has more of them", (x) => half(x), (x) => half(half(x))],
  ])("never where %s", (_, block, step) => {
    expect(told(block, step)).toEqual([]);
    expect(told(step, block)).toEqual([]);
  });
});

describe("what a graph makes of a cache", () => {
  const half3 = (x: Value): Value => half(half(half(x)));
  /** Pairs that are compared as states, of graphs whose cache holds that at exit, or keeps what it held. */
  const states = (block: (K: Value) => Value, step = block, { exits = true, tokens = T } = {}) => {
    const make = (cached: (K: Value) => Value, n: number) => {
      const [x, K]: [Value, Value] = [input("x", [n, 4]), state("K", [3, 4])];
      const made = cached(K);
      const y = add(x, reduce_sum(made, { axes: [0, 1], keep_dims: true })) as Value;
      const exit = exits && sameType(made.type, K.type) ? made : K;
      return graph({ name: `g${n}`, inputs: [x], states: [[K, exit]], outputs: { y: as("h", half3(y)) } });
    };
    const graphs = { block: make(block, tokens), step: make(step, 1) };
    return probesOf(graphs, tokens, schedule(graphs.block)).flatMap(({ name, what }) =>
      what === "state" ? [name] : [],
    );
  };

  test("is compared as a state where it is what the state holds at exit, and the author named it alike", () => {
    expect(states((K) => as("L", mul(K, 2)))).toEqual(["L"]);
    expect(states((K) => as("L", mul(K, 2)), undefined, { tokens: 1 })).toEqual(["L"]);
  });

  test.each<readonly [string, (K: Value) => Value, ((K: Value) => Value) | "alike", boolean]>([
    ["on the way to it", (K) => as("L", mul(K, 2)), "alike", false],
    ["without a name", (K) => mul(K, 2) as Value, "alike", true],
    ["with a name in one graph alone", (K) => as("L", mul(K, 2)), (K) => mul(K, 2) as Value, true],
    ["of no state's type", (K) => as("L", slice_by_size(K, [0, 0], { size: [2, 4] })), "alike", true],
    ["on the way in one graph", (K) => as("L", mul(K, 2)), (K) => mul(as("L", mul(K, 2)), 2) as Value, true],
    ["that was read as it is", (K) => K, "alike", true],
  ])("is its own affair %s", (_, block, step, exits) => {
    expect(states(block, step === "alike" ? block : step, { exits })).toEqual([]);
  });
});

test("only values that were asked for are told, in the order asked", () => {
  const [block, step] = [graphOf((x) => half(exp(half(x))), T), graphOf((x) => half(exp(half(x))), 1)];
  const order = schedule(block)
    .filter(({ def }) => def.kind === "op")
    .toReversed();
  expect(probesOf({ block, step }, T, order).map(({ name }) => name)).toEqual(["mul_1", "exp_0", "mul_0"]);
  expect(probesOf({ block, step }, T, order.slice(1, 2)).map(({ name }) => name)).toEqual(["exp_0"]);
});

test("named values come before numbered ones, each in their order", () => {
  const graphs = { block: graphOf((x) => naming(x), T), step: graphOf((x) => naming(x), 1) };
  const all = probesOf(graphs, T, schedule(graphs.block));
  expect(all.map(({ name }) => name)).toEqual(["mul_0", "a", "exp_0", "b"]);
  expect(namedFirst(all).map(({ name }) => name)).toEqual(["a", "b", "mul_0", "exp_0"]);
});

const naming = (x: Value): Value => as("b", exp(exp(as("a", exp(half(x))))));
