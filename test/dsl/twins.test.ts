/** A block and its step meet by name: T, roles and rows of the cache, and interfaces that do not fit. */
import { expect, test } from "vitest";
import { GraphError } from "../../src/dsl/error.ts";
import { type Graph, graph } from "../../src/dsl/graph.ts";
import { tokenAxisOf } from "../../src/dsl/host/output-rows.ts";
import { slotAxisOf } from "../../src/dsl/host/slots.ts";
import { twinsOf } from "../../src/dsl/host/twins.ts";
import { add, matmul, mul } from "../../src/dsl/ops/index.ts";
import type { GivenRoles } from "../../src/dsl/role.ts";
import { input, state, type Tensor } from "../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../src/dsl/type.ts";

type Value = Tensor<Shape, "fp16">;

const S = 8;
const MASK = "attn_mask";

/** A graph of these inputs whose output has a row for each token; its one state is doubled. */
function cached(name: string, tokens: number, inputs: readonly Tensor[], more: Partial<Graph> = {}): Graph {
  const x = inputs.find((value) => value.name === "x") as Value;
  const K: Value = state("k", [1, 2, S, 4]);
  const made = graph({ name, inputs, states: [[K, mul(K, 2)]], outputs: { y: mul(x, tokens) } });
  return { ...made, ...more };
}

/** Twins with their roles as an object, for comparison. */
function met(block: Graph, step: Graph, given?: GivenRoles) {
  const { roles, ...twins } = twinsOf(block, step, given);
  return { ...twins, roles: Object.fromEntries(roles) };
}

const x = (tokens: number): Tensor => input("x", [1, 5, tokens, 1]);
const mask = (tokens: number): Tensor => input(MASK, [1, 1, tokens, S]);
const write = (tokens: number): Tensor => input("kv_write_mask", [1, 1, S, tokens]);
const position = (tokens: number): Tensor => input("position", [tokens], "int32" as DType);

test("inputs in any order: T is the size of the axis in which an input differs from the one of its name", () => {
  const roles = {
    attn_mask: { kind: "mask", tokenAxis: 2, slotAxis: 3 },
    kv_write_mask: { kind: "write_mask", tokenAxis: 3, slotAxis: 2 },
    x: { kind: "rows", tokenAxis: 2 },
  };
  const block = cached("block", 3, [x(3), mask(3), write(3)]);
  for (const inputs of [
    [x(1), mask(1), write(1)],
    [write(1), x(1), mask(1)],
    [mask(1), write(1), x(1)],
  ])
    expect(met(block, cached("step", 1, inputs))).toMatchObject({ tokens: 3, slots: S, roles });
});

test("cache rows by a write mask on one side and by positions on the other", () => {
  const [masked, one] = [cached("block", 3, [x(3), write(3)]), cached("step", 1, [position(1), x(1)])];
  const roles = {
    x: { kind: "rows", tokenAxis: 2 },
    kv_write_mask: { kind: "write_mask", tokenAxis: 3, slotAxis: 2 },
    position: { kind: "position", tokenAxis: 0 },
  };
  expect(met(masked, one)).toMatchObject({ tokens: 3, slots: S, roles });
  const turned = met(cached("block", 3, [position(3), x(3)]), cached("step", 1, [x(1), write(1)]));
  expect(turned).toMatchObject({ tokens: 3, slots: S, roles });
  // The position of the first token of a block, as slice_update takes it, has no token axis.
  const first = met(cached("block", 3, [position(1), x(3)]), cached("step", 1, [x(1), write(1)]));
  expect(first.roles.position).toEqual({ kind: "position", source: "name" });
});

test("RoPE rows are known by their role, with the part of the table that they are", () => {
  const turned = (tokens: number) =>
    cached("g", tokens, [x(tokens), input("rope_cos", [tokens, 2]), input("rope_sin", [tokens, 2])]);
  expect(met(turned(2), turned(1)).roles).toEqual({
    x: { kind: "rows", tokenAxis: 2, source: "shape" },
    rope_cos: { kind: "rows", tokenAxis: 0, rope: "cos", source: "name" },
    rope_sin: { kind: "rows", tokenAxis: 0, rope: "sin", source: "name" },
  });
});

test("one token, and no cache", () => {
  const one = x(1) as Value;
  const bare = graph({ name: "g", inputs: [one], outputs: { y: mul(one, 2) } });
  const roles = { x: { kind: "shared", source: "shape" } };
  expect(met(bare, bare)).toEqual({ block: bare, step: bare, tokens: 1, roles });
});

const both = (tokens: number, name: string, more: Partial<Graph> = {}) =>
  cached(name, tokens, [x(tokens), write(tokens)], more);
const [block, step] = [both(3, "block"), both(1, "step")];
const wide: Value = input("w", [1, 2, S, 8]);
const otherState = (name: string, value: Tensor = step.states[0]!.exit) => ({
  states: [{ name, entry: value, exit: value }],
});

test.each<[sentence: string, block: Graph, step: Graph]>([
  ['input "z" of block is missing in step', { ...block, inputs: [...block.inputs, input("z", [3])] }, step],
  ['input "z" of step is missing in block', block, { ...step, inputs: [...step.inputs, input("z", [3])] }],
  [
    'input "x" of block must differ from its one-token twin in one axis of size 1: [1,5,3,1] and [1,4,1,1]',
    block,
    { ...step, inputs: [input("x", [1, 4, 1, 1]), write(1)] },
  ],
  ['state "k" of block is missing in step', block, { ...step, states: [] }],
  ['state "v" of step is missing in block', block, { ...step, states: [...step.states, ...otherState("v").states] }],
  ['state "k" is fp16[1,2,8,4] in the block, fp16[1,2,8,8] in the step', block, { ...step, ...otherState("k", wide) }],
  ['output "y" of block is missing in step', block, { ...step, outputs: { z: step.outputs.y! } }],
  ['output "z" of step is missing in block', block, { ...step, outputs: { y: step.outputs.y!, z: step.outputs.y! } }],
  [
    'output "y" is fp16[1,5,3,1] in the block, fp16[1,5,3,1] in the step: it has no row per token',
    block,
    { ...step, outputs: { y: block.outputs.y! } },
  ],
  [
    'output "y" is fp16[3,3] in the block, fp16[1,1] in the step: it has no row per token to compare, 3 in the block',
    { ...block, outputs: { y: matmul(input("a", [3, 1]), input("b", [1, 3])) } },
    { ...step, outputs: { y: add(input("a", [1, 1]), 1) } },
  ],
])("refused: %s", (sentence, left, right) => {
  expect(() => twinsOf(left, right)).toThrow(GraphError);
  expect(() => twinsOf(left, right)).toThrow(sentence);
});

test.each(["constructor", "__proto__"])("an output named %s has no twin in a graph that lacks it", (name) => {
  const more = { ...step, outputs: Object.fromEntries([...Object.entries(step.outputs), [name, step.outputs.y!]]) };
  expect(() => twinsOf(block, more)).toThrow(`output "${name}" of step is missing in block`);
});

test("the axes of tokens and of cache rows", () => {
  const value = (...shape: readonly number[]) => input("v", shape) as Tensor;
  expect(tokenAxisOf(value(1, 3, 2), value(1, 1, 2), 3)).toBe(1);
  expect(tokenAxisOf(value(1, 3), value(1, 3), 1)).toBe("none");
  expect(tokenAxisOf(value(1, 3), value(1, 3), 3)).toBeUndefined();
  expect(tokenAxisOf(value(3, 3), value(1, 1), 3)).toBeUndefined();
  expect(tokenAxisOf(value(3, 2), input("v", [1, 2], "fp32") as Tensor, 3)).toBeUndefined();
  expect(slotAxisOf([1, 8, 8, 8], 8)).toBe(2);
  expect(slotAxisOf([1, 2, 8], 8)).toBeUndefined();
});
