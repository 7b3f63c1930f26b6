/** What a mask holds where a row is open and where it is closed is declared: proofs, attacks and parity rest on these numbers. */
import { expect, test } from "vitest";
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import { add, exp, matmul, mul, real_div, reduce_sum } from "../../../../src/dsl/ops/index.ts";
import type { GivenRoles, MaskNumbers } from "../../../../src/dsl/role.ts";
import { input, state, type Tensor } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import { decoderLayers } from "../../../../src/models/layers.ts";
import { contractProblems } from "../../../../src/passes/parity/contract-check.ts";
import { feed } from "../../../../src/passes/parity/feeds.ts";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { summary, TINY } from "../../../support/prove/prove.ts";

type Value = Tensor<Shape, "fp16">;
const S = 5;

const given = (numbers: MaskNumbers): GivenRoles =>
  new Map([["attn_mask", { facts: { kind: "mask", ...numbers }, source: "option" }]]);

const phi = (tokens: number): Graph => decoderLayers(TINY, { tokens, maxSeq: 8 });
const onPhi = (numbers: MaskNumbers) => prove(phi(2), phi(1), { roles: given(numbers), budget: 0 });

test.each<readonly [closed: number, bound: number]>([
  [-10_000, 4944],
  [-20_000, 9940],
  [-30_000, 14_937],
])("closed at %i scores may be as large as %i", (closed, bound) => {
  const verdict = onPhi({ closed });
  expect(summary(verdict)).toBe("PROVEN (exact)");
  expect(verdict).toMatchObject({ gapBound: bound, attacked: { runs: 8 } });
  expect(verdict.roles.find(({ input: name }) => name === "attn_mask")).toMatchObject({ role: "mask", closed });
});

test.each([[-100], [0.5], [3]])("closed at %d nothing is masked out", (closed) => {
  expect(summary(onPhi({ closed }))).not.toMatch(/^PROVEN/);
});

test("open at another number the scores of all open rows have it added", () => {
  expect(summary(onPhi({ open: 2 }))).toBe("PROVEN (exact)");
});

/** Attention whose mask is a factor of the weights: x writes its row, and rows are weighed by exp. */
function weighed(tokens: number, how: (weights: Value, mask: Value) => Value): Graph {
  const x = input("x", [tokens, 4]) as Value;
  const mask = input("attn_mask", [tokens, S]) as Value;
  const write = input("kv_write_mask", [S, tokens]) as Value;
  const K = state("K", [S, 4]) as Value;
  const written = reduce_sum(write, { axes: [1], keep_dims: true });
  const next = add(mul(K, add(mul(written, -1), 1)), matmul(write, x)) as Value;
  const weights = how(exp(matmul(x, next, { transpose_y: true })) as Value, mask);
  const total = reduce_sum(weights, { axes: [1], keep_dims: true });
  const y = real_div(matmul(weights, next), total);
  return graph({ name: `weighed_t${tokens}`, inputs: [x, mask, write], outputs: { y }, states: [[K, next]] });
}

test("a mask that is a factor is 1 and 0", () => {
  const verdictOf = (numbers: MaskNumbers, how: (weights: Value, mask: Value) => Value) =>
    summary(prove(weighed(2, how), weighed(1, how), { roles: given(numbers), budget: 50 }));
  const factor = (weights: Value, mask: Value) => mul(weights, mask) as Value;
  const addend = (weights: Value, mask: Value) => add(weights, mask) as Value;
  expect(verdictOf({ open: 1, closed: 0 }, factor)).toBe("PROVEN (exact)");
  expect(verdictOf({}, factor)).not.toMatch(/^PROVEN/);
  expect(verdictOf({ open: 1, closed: 0 }, addend)).toBe("REFUTED");
});

test("the host of a parity run feeds the numbers that were declared, and others are told", () => {
  const { roles, block } = provenPair(phi(2), phi(1), { given: given({ open: 1, closed: -512 }) });
  const source = { seed: 1, roles, maxSeq: 8 };
  const fed = feed(block, source, { rows: [2, 3], committed: new Set([0]), stream: 0 });
  expect([...new Set(fed.attn_mask!.data)].sort((a, b) => a - b)).toEqual([-512, 1]);
  expect(contractProblems(block, roles, fed, 8)).toEqual([]);
  const usual = provenPair(phi(2), phi(1)).roles;
  expect(contractProblems(block, usual, fed, 8).join()).toContain("an entry is 0 where visible and -10000 where not");
  const low = { ...fed, attn_mask: { ...fed.attn_mask!, data: fed.attn_mask!.data.map((x) => (x === 1 ? 1 : -600)) } };
  expect(contractProblems(block, roles, low, 8).join()).toContain("an entry is 1 where visible and -512 where not");
});

test("block and step that are declared to have different numbers are no twins", () => {
  const of = (tokens: number, closed: number): Graph => {
    const mask = input("m", [tokens, S], "fp16", { role: { kind: "mask", closed } }) as Value;
    return graph({ name: "g", inputs: [mask], outputs: { y: exp(mask) } });
  };
  expect(() => prove(of(2, -2000), of(1, -3000))).toThrow(
    'input "m" is declared closed at -2000 in the block and closed at -3000 in the step',
  );
});
