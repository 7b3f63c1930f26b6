/** Identifiers of MIL made of the author's names. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Graph, graph, schedule } from "../../../src/dsl/graph.ts";
import { add, exp, mul } from "../../../src/dsl/ops/index.ts";
import { input, named, state } from "../../../src/dsl/tensor.ts";
import { identifier, nameValues } from "../../../src/emit/write/names.ts";

const RESERVED = ["state", "tensor", "bool", "func", "fp16", "int32", "true", "none", "return"];

test("an identifier is as near to the author's name as MIL allows", () => {
  expect(["q.rope", "layers.0.k", "0abc", "a@b", "q_rope", "é"].map(identifier)).toEqual([
    "q_rope",
    "layers_0_k",
    "_0abc",
    "a_b",
    "q_rope",
    "_",
  ]);
  expect(RESERVED.map(identifier)).toEqual(RESERVED.map((word) => `${word}_`));
});

test("every name is an identifier and none is reserved, whatever the author wrote", () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      expect(identifier(name)).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
      expect(RESERVED).not.toContain(identifier(name));
    }),
  );
});

const namesIn = (g: Graph) => {
  const order = schedule(g);
  const names = nameValues(g, order, new Map());
  return order.map(({ def }) => names.of(def));
};

test("collisions are numbered, unnamed ops are numbered per op, and names that are taken are passed over", () => {
  const x = input("x", [2]);
  const a = named("q.rope", exp(x));
  const b = named("q_rope", exp(a));
  const c = named("exp_1", mul(b, b));
  const y = add(exp(exp(exp(c))), exp(c));
  expect(namesIn(graph({ name: "g", inputs: [x], outputs: { y } }))).toEqual([
    "x",
    "q_rope",
    "q_rope_1",
    "exp_1",
    "exp_0",
    "exp_2",
    "exp_3",
    "exp_4",
    "add_0",
  ]);
});

test("a value of the author's never takes the name of an input, state or output", () => {
  const [x, s] = [input("x", [2]), state("s", [2])];
  const y = add(named("y", exp(named("s", exp(named("x", exp(x)))))), s);
  const g = graph({ name: "g", inputs: [x], states: [[s, s]], outputs: { y } });
  expect(namesIn(g)).toEqual(["x", "s", "x_1", "s_1", "y_1", "add_0"]);
});

test("names of the interface are kept to the letter or refused", () => {
  const x = input("x.0", [2]);
  expect(() => namesIn(graph({ name: "g", inputs: [x], outputs: { y: exp(x) } }))).toThrow(
    expect.objectContaining({
      message: '"x.0" cannot name an input, state or output',
      mend: 'call it "x_0"',
    }),
  );
  const z = input("z", [2]);
  expect(() => namesIn(graph({ name: "g", inputs: [z], outputs: { z: exp(z) } }))).toThrow(
    '"z" names two of the inputs, states and outputs',
  );
});
