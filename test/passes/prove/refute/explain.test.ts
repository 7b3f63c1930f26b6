/** Which value a failed proof speaks of: the first on the way that differs, named ones before others. */
import { describe, expect, test } from "vitest";
import { schedule } from "../../../../src/dsl/graph.ts";
import type { Tensor } from "../../../../src/dsl/tensor.ts";
import { type Feeds, op, part, type Value } from "../../../support/prove/corpus/fault.ts";
import { as, explained, found, type Make } from "../../../support/prove/explained.ts";

const by = (x: Value, k: number): Value => op.mul(x, k);
const scatter = (f: Feeds, rows: Value): Value => op.scatter(f.state("K"), f.at, rows, { axis: 0, mode: "update" });

describe("the value that is told", () => {
  type Mul = readonly [factor: number, name: string | undefined];
  /** Of two ops in a row, each under a name or none; y is made of the second by other ops in the block and in the step. */
  const chain =
    (end: "exp" | "tanh", [a, first]: Mul, [b, second]: Mul): Make =>
    ({ x }) => {
      const one = by(x, a);
      const two = by(op.sqrt(first === undefined ? one : as(first, one)), b);
      return op[end](second === undefined ? two : as(second, two));
    };
  type Op = readonly [block: number, step: number, name?: string];

  test.each<readonly [string, "exp" | "tanh", Op, Op]>([
    ["a", "exp", [2, 3, "a"], [2, 3, "b"]],
    ["b", "exp", [2, 2, "a"], [2, 3, "b"]],
    ["b", "exp", [2, 3], [2, 3, "b"]],
    ["mul_0", "exp", [2, 3], [2, 3]],
    ["mul_1", "exp", [2, 2], [2, 3]],
    ["a", "tanh", [2, 3, "a"], [2, 2]],
    ["y", "tanh", [2, 2, "a"], [2, 2, "b"]],
    ["y", "tanh", [2, 3], [2, 3]],
  ])("is %s where the graphs end in exp and %s, after %j and %j", (value, end, one, two) => {
    const block = chain("exp", [one[0], one[2]], [two[0], two[2]]);
    expect(found(block, chain(end, [one[1], one[2]], [two[1], two[2]])).value).toBe(value);
  });

  test("goes by the result's name where it is one, whatever else it is called", () => {
    const make =
      (k: number): Make =>
      ({ x }) =>
        as("inner", by(x, k));
    expect(found(make(2), make(3)).value).toBe("y");
  });

  test("lies on the way to the result that differs", () => {
    const make =
      (k: number): Make =>
      ({ x, state }) => ({ K: by(state("K"), k), y: op.tanh(as("aside", by(x, k))) });
    const step: Make = ({ x, state }) => ({ K: op.exp(state("K")), y: op.tanh(as("aside", by(x, 3))) });
    expect(found(make(2), step).value).toBe("K");
    // The same value is told where its own result is the one that differs.
    const beside: Make = ({ x }) => op.tanh(as("aside", by(x, 2)));
    expect(found(beside, ({ x }) => op.tanh(as("aside", by(x, 3)))).value).toBe("aside");
  });

  test("is none that was proven, whatever else has its name", () => {
    const block: Make = ({ x }) => op.exp(as("h", by(x, 2)));
    const step: Make = ({ x }) => op.add(op.tanh(by(x, 2)), as("h", by(x, 3)));
    expect(found(block, step).value).toBe("h");
    const mulOf = (y: Tensor): Tensor =>
      schedule({ name: "", inputs: [], states: [], outputs: { y } }).find(
        ({ def }) => def.kind === "op" && def.op === "mul",
      )!;
    const graphs = explained(block, step, {
      cuts: ([y]) => [{ what: "value", name: "h", block: mulOf(y!.block), step: mulOf(y!.step), tokenAxis: 0 }],
    });
    expect(graphs.finding().value).toBe("y");
    expect(graphs.at("h")).toBe(undefined);
    expect(graphs.at("y")).toMatchObject({ value: "y" });
  });
});

describe("a row of a later token", () => {
  /** Attention of x to all rows of a cache, of which the mask leaves those of later tokens out; y is it, `end`ed. */
  const attending =
    (end: (y: Value) => Value, rows = (f: Feeds): Value => f.x): Make =>
    (f) => {
      const K = scatter(f, rows(f));
      const scores = as("scores", op.matmul(f.x, K, { transpose_y: true }));
      const probs = op.softmax(op.add(scores, op.reshape(f.mask(), { shape: [f.tokens, 5] })), { axis: 1 });
      return { K: scatter(f, f.x), y: end(op.matmul(probs, K)) };
    };

  test("differs on the way and says nothing", () => {
    expect(found(attending(op.exp), attending(op.tanh))).toMatchObject({ value: "y", where: "token 0, at [0, i1]" });
  });

  test("is not a token's own row, nor that of an earlier one", () => {
    const doubled = attending(op.exp, (f) => by(f.x, 2));
    expect(found(doubled, attending(op.tanh))).toMatchObject({
      value: "scores",
      where: "token 0, cache row of token 0, at [0, w0]",
    });
    const late = attending(op.exp, (f) => op.concat([part(f.x, 0, 0), by(part(f.x, 0, 1), 2)], { axis: 0 }));
    expect(found(late, attending(op.tanh))).toMatchObject({
      value: "scores",
      where: "token 1, cache row of token 1, at [1, w1]",
    });
    const early = attending(op.exp, (f) =>
      op.concat([by(part(f.x, 0, 0), 2), part(f.x, 0, 1), by(part(f.x, 0, 2), 2)], { axis: 0 }),
    );
    expect(found(early, attending(op.tanh), { tokens: 3 })).toMatchObject({
      where: "token 0, cache row of token 0, at [0, w0]",
    });
  });

  test("is none of a place that is no cache row", () => {
    const first =
      (end: "exp" | "tanh", k: number): Make =>
      (f) =>
        op[end](
          as("h", f.tokens === 1 ? by(f.x, 1) : op.concat([by(part(f.x, 0, 0), k), part(f.x, 0, 1)], { axis: 0 })),
        );
    expect(found(first("exp", 2), first("tanh", 1))).toMatchObject({ value: "h", where: "token 0, at [0, i1]" });
  });
});

describe("a value that has no term by itself", () => {
  /** h is something that cannot be read, beside x · k; y is the readable half or the other. */
  const beside =
    (k: number, end: "exp" | "tanh", begin: number): Make =>
    (f) => {
      const unread = op.gather(f.shared("table", [9, 4]), op.cast(f.z, { dtype: "int32" }), { axis: 0 });
      const h = as("h", op.concat([op.reduce_sum(unread, { axes: [1] }), by(f.x, k)], { axis: 1 }));
      return op[end](op.slice_by_size(h, [0, begin], { size: [f.tokens, 4] }));
    };

  test("explains nothing where the results can be read", () => {
    expect(found(beside(2, "exp", 4), beside(3, "tanh", 4))).toMatchObject({ value: "y" });
    expect(found(beside(2, "exp", 4), beside(3, "tanh", 4))).not.toHaveProperty("reason");
  });

  test("is told with the reason where they cannot, and with what would close it", () => {
    const told = found(beside(2, "exp", 0), beside(2, "tanh", 0));
    expect(told).toMatchObject({
      value: "h",
      op: "gather",
      reason: { code: "run-time index" },
      hint: "a position that is an input of the graph, or a number that is one and the same at all places of an axis",
    });
    expect(told).not.toHaveProperty("block");
    expect(told).not.toHaveProperty("step");
  });
});

describe("of a value by its name", () => {
  const make =
    (a: number, b: number): Make =>
    (f) => ({ K: scatter(f, f.x), y: op.exp(as("b", by(as("a", by(f.x, a)), b))) });
  const asked = explained(make(2, 5), make(2, 4));

  test("the terms are told where they part", () => {
    expect(asked.at("b")).toMatchObject({ value: "b", where: "token 0, at [0, i1]", op: "mul" });
    expect(asked.at("y")).toMatchObject({ value: "y", op: "exp" });
  });

  test.each(["a", "K", "none"])("nothing is told of %s", (name) => {
    expect(asked.at(name)).toBe(undefined);
  });

  test("nothing is told of what has to do with the row of a later token", () => {
    const scores: Make = (f) => {
      const K = scatter(f, f.x);
      return { K, y: op.reduce_sum(as("scores", op.matmul(f.x, K, { transpose_y: true })), { axes: [1] }) };
    };
    expect(explained(scores, scores).at("scores")).toBe(undefined);
  });
});
