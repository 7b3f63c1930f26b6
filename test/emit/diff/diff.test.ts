/** Differences between graphs: what is reported, and that nothing is reported iff the graphs are the same. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import { add, concat, exp, matmul, mul, softmax, split, sub, tanh } from "../../../src/dsl/ops/index.ts";
import { constant, input, named, state, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import { diffGraphs, sameGraph } from "../../../src/emit/diff/diff.ts";
import { showDifferences } from "../../../src/emit/diff/text.ts";
import { randomFrom } from "../../support/ops/draw.ts";
import { pretendHash, randomGraph, reread } from "../../support/read.ts";

interface Parts {
  readonly tokens?: number;
  readonly scale?: number;
  readonly axis?: number;
  readonly tensor?: string;
  readonly swap?: boolean;
  /** Put around the scores. */
  readonly extra?: (scores: Tensor) => Tensor;
  readonly last?: (x: Tensor) => Tensor;
  readonly outputs?: (y: Tensor, p: Tensor) => Readonly<Record<string, Tensor>>;
}

/** A little attention with a state, with one thing changed. */
function attention(parts: Parts = {}): Graph {
  const { tokens = 4, scale = 0.5, axis = -1, tensor = "w.q", swap = false } = parts;
  const x = input("x", [tokens, 8]);
  const k = state("k", [16, 8]);
  const q = named("q", matmul(x, weight(tensor, [8, 8])));
  const cache = named("k.cache", swap ? sub(tanh(k), k) : sub(k, tanh(k)));
  const scores = named("scores", mul(matmul(q, cache, { transpose_y: true }), constant([scale], [1])));
  const p = named("p", softmax(parts.extra?.(scores) ?? scores, { axis }));
  const y = parts.last?.(matmul(p, cache)) ?? matmul(p, cache);
  return graph({ name: "attention", inputs: [x], states: [[k, cache]], outputs: parts.outputs?.(y, p) ?? { y } });
}

const textOf = (a: Graph, b: Graph) => showDifferences(diffGraphs(a, b));
const before = attention();

const cases: readonly (readonly [what: string, after: Graph, text: string])[] = [
  ["nothing", attention(), ""],
  ["an attribute", attention({ axis: 0 }), 'changed:\n  softmax "p": attribute axis 1 → 0'],
  ["a constant", attention({ scale: 0.25 }), "changed:\n  const [0.5]: contents [0.5] → [0.25]"],
  ["a weight", attention({ tensor: "w.k" }), "changed:\n  weight w.q: contents w.q → w.k"],
  [
    "swapped operands",
    attention({ swap: true }),
    ["changed:", '  sub "k.cache": operand x state "k" → tanh fp16[16,8]; operand y tanh fp16[16,8] → state "k"'].join(
      "\n",
    ),
  ],
  [
    "the number of tokens",
    attention({ tokens: 1 }),
    'interface:\n  input "x": fp16[4,8] → fp16[1,8]\n  output "y": fp16[4,8] → fp16[1,8]',
  ],
  [
    "an op put between",
    attention({ extra: (s) => named("clipped", exp(s)) }),
    'only in the second:\n  1 exp: "clipped" fp16[4,16]\nchanged:\n  softmax "p": operand x mul "scores" → exp "clipped"',
  ],
  [
    "another op at the end",
    attention({ last: (x) => tanh(x) }),
    [
      "interface:",
      '  output "y" is made by another value: matmul fp16[4,8] → tanh fp16[4,8]',
      "only in the second:",
      "  1 tanh: (unnamed) fp16[4,8]",
    ].join("\n"),
  ],
  [
    "another output",
    attention({ outputs: (y, p) => ({ y, p }) }),
    'interface:\n  output "p" fp16[4,16]: only in the second',
  ],
];

test.each(cases)("%s", (_, after, text) => {
  expect(textOf(before, after)).toBe(text);
  expect(sameGraph(before, after)).toBe(text === "");
});

test("names of inner values and repeated values do not count", () => {
  const x = input("x", [3]);
  const once = exp(x);
  const a = graph({ name: "a", inputs: [x], outputs: { y: add(once, once) } });
  const b = graph({ name: "b", inputs: [x], outputs: { y: add(named("left", exp(x)), named("right", exp(x))) } });
  expect(textOf(a, b)).toBe("");
  expect(sameGraph(a, b)).toBe(true);
});

test("another part of a split", () => {
  const x = input("x", [4]);
  const [first, second] = split(x, { split_sizes: [2, 2], axis: 0 }) as readonly Tensor[];
  const of = (y: Tensor) => graph({ name: "a", inputs: [x], outputs: { y: named("y", exp(y)) } });
  expect(sameGraph(of(first!), of(second!))).toBe(false);
  expect(textOf(of(first!), of(second!))).toContain('exp "y": operand x split fp16[2] → split fp16[2]');
});

test("a removed operand of a list", () => {
  const x = input("x", [3]);
  const of = (...values: readonly Tensor[]) =>
    graph({ name: "a", inputs: [x], outputs: { y: named("y", concat(values, { axis: 0 })) } });
  const [e, t] = [named("e", exp(x)), named("t", tanh(x))];
  expect(textOf(of(x, e), of(x, t))).toBe(
    'only in the first:\n  1 exp: "e" fp16[3]\nonly in the second:\n  1 tanh: "t" fp16[3]\nchanged:\n' +
      '  concat "y": operand values input "x", exp "e" → input "x", tanh "t"',
  );
});

describe("weights", () => {
  const g = attention();
  const stored = reread(g);

  test("of a checkpoint and of a package are compared by content when it is known", () => {
    expect(sameGraph(g, stored, { hash: pretendHash })).toBe(true);
    expect(sameGraph(g, stored)).toBe(false);
    expect(diffGraphs(g, stored)).toMatchObject([{ kind: "changed", op: "weight" }]);
    expect(sameGraph(attention({ tensor: "other" }), stored, { hash: pretendHash })).toBe(false);
  });

  test("or by their order when it is not", () => {
    expect(sameGraph(g, stored, { weights: "order" })).toBe(true);
    expect(sameGraph(stored, attention({ tensor: "other" }), { weights: "order" })).toBe(true);
    expect(sameGraph(attention({ scale: 2 }), stored, { weights: "order" })).toBe(false);
  });
});

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** Few seeds on one side, so that equal graphs are drawn as well as unequal ones. */
test("nothing is reported iff the graphs are the same", () => {
  let same = 0;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 }), seeds, (one, two, seed) => {
      const a = randomGraph(randomFrom(one));
      const b = seed % 2 === 0 ? randomGraph(randomFrom(two)) : redrawn(a, randomFrom(seed));
      const isSame = sameGraph(a, b);
      same += Number(isSame);
      expect(diffGraphs(a, b).length === 0).toBe(isSame);
      expect(diffGraphs(b, a).length === 0).toBe(isSame);
    }),
    { numRuns: 500 },
  );
  expect(same).toBeGreaterThan(10);
});

/** The graph with one of its operands or attributes changed, or with everything made anew and nothing changed. */
function redrawn(g: Graph, random: () => number): Graph {
  const made = new Map<Tensor, Tensor>();
  const again = (value: Tensor): Tensor => {
    const { def } = value;
    if (def.kind !== "op") return value;
    const known = made.get(value);
    if (known) return known;
    const operands = Object.fromEntries(
      Object.entries(def.operands).map(([key, x]) => [key, Array.isArray(x) ? x.map(again) : again(x as Tensor)]),
    );
    const [x, y] = [operands.x, operands.y];
    const isSwapped = x && y && random() < 0.1;
    const op = def.op === "add" && random() < 0.1 ? "mul" : def.op;
    const copy = { ...value, def: { ...def, op, operands: isSwapped ? { ...operands, x: y, y: x } : operands } };
    made.set(value, copy);
    return copy;
  };
  return {
    ...g,
    states: g.states.map((s) => ({ ...s, exit: again(s.exit) })),
    outputs: Object.fromEntries(Object.entries(g.outputs).map(([name, value]) => [name, again(value)])),
  };
}
