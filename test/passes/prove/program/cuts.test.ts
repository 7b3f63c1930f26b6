/** Where a stack is cut: at values through which all later ones depend on all earlier ones, paired in order. */
import { describe, expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import { type Twins, twinsOf } from "../../../../src/dsl/host/twins.ts";
import { input, named, type Tensor } from "../../../../src/dsl/tensor.ts";
import { cutPairs, cutsWithout, findCuts } from "../../../../src/passes/prove/program/cuts.ts";
import type { Cut } from "../../../../src/passes/prove/program/program.ts";
import {
  type Fault,
  type Feeds,
  op,
  pairOf,
  type Results,
  table_,
  type Value,
  W,
} from "../../../support/prove/corpus/fault.ts";

/** A layer that reads its input twice, so that nothing inside it is alone; its result is named. */
const layer = (h: Value, name: string): Value => named(name, op.add(h, op.tanh(h)));
const wide = (h: Value): Value => op.linear(op.linear(h, W("up", [6, 4])), W("down", [4, 6]));

/** What both graphs make, and the names of the values at which they are cut. */
const CASES: readonly (readonly [says: string, make: (f: Feeds) => Results, names: readonly string[]])[] = [
  ["nothing on the way", (f) => op.tanh(f.x), []],
  ["the stream itself is none", (f) => layer(f.x, "a"), []],
  ["the last layer is a result", (f) => layer(layer(f.x, "a"), "b"), ["a"]],
  ["each layer of a stack", (f) => op.tanh(layer(layer(layer(f.x, "a"), "b"), "c")), ["a", "b", "c"]],
  ["unnamed values are numbered", (f) => op.tanh(op.tanh(layer(op.tanh(f.x), "b"))), ["value 0", "b", "value 2"]],
  ["not where an earlier value is read later", (f) => op.add(layer(layer(f.x, "a"), "b"), f.x), []],
  ["not inside what is added to", (f) => op.tanh(named("b", op.add(f.x, named("a", op.tanh(f.x))))), ["b"]],
  ["not at a value of another type", (f) => op.tanh(named("b", op.exp(wide(f.x)))), ["value 0", "b"]],
  [
    "not at a value of another dtype",
    (f) => op.tanh(op.cast(named("a", op.cast(f.x, { dtype: "fp32" })), { dtype: "fp16" })),
    ["value 0"],
  ],
  [
    "a value that is a result is none",
    (f) => {
      const a = layer(f.x, "a");
      return { a, y: op.tanh(layer(layer(a, "b"), "c")) };
    },
    ["b", "c"],
  ],
  [
    "a value that is a result under another name is none",
    (f) => {
      const a = op.add(f.x, op.tanh(f.x));
      return { a: named("shown", a), y: op.tanh(layer(a, "b")) };
    },
    ["b"],
  ],
  [
    "a result on the way that nothing reads",
    (f) => {
      const a = layer(f.x, "a");
      return { z: op.exp(a), y: op.tanh(layer(layer(a, "b"), "c")) };
    },
    ["a", "b", "c"],
  ],
  [
    "past what does not depend on the stream",
    (f) => {
      const scale = op.tanh(W("s", [1, 4]));
      const scaled = (h: Value, name: string) => named(name, op.mul(op.add(h, op.tanh(h)), scale));
      return op.tanh(scaled(scaled(f.x, "a"), "b"));
    },
    ["value 0", "a", "value 2", "b"],
  ],
  [
    "a constant of the stream's type is none",
    (f) => {
      const a = layer(f.x, "a");
      return op.tanh(named("b", op.add(a, table_(Array(4 * f.tokens).fill(1), [f.tokens, 4]))));
    },
    ["a", "b"],
  ],
  ["of the first rows that are narrow anywhere", (f) => ({ x: op.mul(f.x, 2), y: op.tanh(layer(f.z, "a")) }), ["a"]],
  [
    "a mask is no stream, though a sum with it has its type",
    (f) => ({ y: f.x, m: op.exp(layer(op.add(f.mask(), op.mul(f.mask(), 0)), "a")) }),
    [],
  ],
  ["what is shared is no stream", (f) => ({ y: f.x, s: op.add(op.tanh(layer(f.shared("s", [1, 4]), "a")), f.x) }), []],
];

describe("two tokens", () => {
  test.each(CASES)("%s", (_, make, names) => {
    const cuts = findCuts(twins({ make }, 2));
    expect(cuts.map((cut) => cut.name)).toEqual(names);
    for (const cut of cuts) {
      expect(cut).toStrictEqual({ what: "value", name: cut.name, tokenAxis: 0, block: cut.block, step: cut.step });
      expect([cut.block.type.shape, cut.step.type.shape]).toEqual([
        [2, 4],
        [1, 4],
      ]);
    }
  });
});

describe("one token", () => {
  test("rows are shared by their shape, and a stream all the same", () => {
    const cuts = findCuts(twins({ make: (f) => op.tanh(layer(layer(f.x, "a"), "b")) }, 1));
    expect(cuts.map(({ name, what }) => [name, what])).toEqual([
      ["a", "value"],
      ["b", "value"],
    ]);
    for (const cut of cuts) expect("tokenAxis" in cut).toBe(false);
  });

  test("a mask is none even then", () => {
    const make = (f: Feeds) => ({ y: f.x, m: op.exp(layer(f.mask(), "a")) });
    expect(findCuts(twins({ make }, 1))).toEqual([]);
  });
});

describe("graphs that are cut at other numbers of values", () => {
  const two = (f: Feeds) => op.tanh(layer(layer(f.x, "a"), "b"));
  const three = (f: Feeds) => op.tanh(layer(layer(layer(f.x, "a"), "b"), "c"));

  test.each<readonly [string, Fault]>([
    ["fewer in the step", { make: three, step: two }],
    ["more in the step", { make: two, step: three }],
    ["none in the step", { make: two, step: (f) => op.tanh(f.x) }],
  ])("%s: they are cut nowhere", (_, fault) => expect(findCuts(twins(fault, 2))).toEqual([]));

  test("the next rows may do", () => {
    const make = (f: Feeds) => ({ u: two(f), y: op.tanh(layer(f.z, "d")) });
    const step = (f: Feeds) => ({ u: three(f), y: op.tanh(layer(f.z, "d")) });
    expect(findCuts(twins({ make, step }, 2)).map((cut) => cut.name)).toEqual(["d"]);
  });
});

test("values are paired in order, whatever they and the inputs are called", () => {
  const make = (f: Feeds) => op.tanh(layer(layer(op.mul(f.x, 2), "a"), "b"));
  const step = (f: Feeds) => op.tanh(layer(layer(op.mul(f.x, 2), "c"), "d"));
  const { block, step: one, ...rest } = twins({ make, step }, 2);
  const turned = { ...one, inputs: [...one.inputs].reverse() };
  const cuts = findCuts({ ...rest, block, step: turned });
  expect(cuts.map((cut) => [cut.block.name, cut.step.name])).toEqual([
    [undefined, undefined],
    ["a", "c"],
    ["b", "d"],
  ]);
});

test("values of two dtypes are no pair", () => {
  const stack = (x: Value) => op.tanh(layer(layer(x, "a"), "b"));
  const { block } = pairOf({ make: (f) => op.exp(stack(f.x)) }, 2, false);
  const stepOf = (dtype: "fp16" | "fp32") => {
    const x = input("x", [1, 4], dtype) as Tensor as Value;
    return graph({ name: "step", inputs: [x], outputs: { y: op.cast(stack(x), { dtype: "fp16" }) } });
  };
  expect(findCuts(twinsOf(block, stepOf("fp16")))).toHaveLength(3);
  expect(findCuts(twinsOf(block, stepOf("fp32")))).toEqual([]);
});

describe("fresh inputs", () => {
  const cuts = findCuts(twins({ make: (f) => op.tanh(layer(layer(f.x, "a"), "b")) }, 2));
  const [a, b] = cuts as [(typeof cuts)[0], (typeof cuts)[0]];

  test("are numbered in order on both sides", () => {
    const { block, step } = cutPairs(cuts);
    expect([block, step].map((side) => [a, b].map((cut) => side.get(side === block ? cut.block : cut.step)))).toEqual(
      Array(2).fill([
        { number: 0, tokenAxis: 0 },
        { number: 1, tokenAxis: 0 },
      ]),
    );
    expect([block.get(a.step), step.get(a.block)]).toEqual([undefined, undefined]);
  });

  test("have no token axis where there is one token", () => {
    const { tokenAxis: _, ...one } = a;
    expect(cutPairs([one]).block.get(a.block)).toStrictEqual({ number: 0 } satisfies Cut);
  });

  test("are all but those that are to be proven", () => {
    const all = cutPairs(cuts);
    const { block, step } = cutsWithout(all, [b], new Set());
    expect([block.get(a.block), step.get(a.step)]).toEqual([all.block.get(a.block), all.step.get(a.step)]);
    expect([block.get(b.block), step.get(b.step), block.get(a.step)]).toEqual([undefined, undefined, undefined]);
    expect(cutsWithout(all, [], new Set()).step.get(b.step)).toEqual({ number: 1, tokenAxis: 0 });
    const told = cutsWithout(all, [], new Set([1]));
    expect([told.step.get(b.step), told.block.get(b.block)?.far, told.block.get(a.block)]).toEqual([
      { number: 1, tokenAxis: 0, far: true },
      true,
      all.block.get(a.block),
    ]);
  });
});

function twins(fault: Fault, tokens: number): Twins {
  const { block, step } = pairOf(fault, tokens, false);
  return twinsOf(block, step);
}
