/** Positions that a host feeds beyond the cache row, such as how many rows are valid after a token: proven, run, and near misses. */
import { describe, expect, test } from "vitest";
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import { twinsOf } from "../../../../src/dsl/host/twins.ts";
import {
  add,
  cast,
  gather,
  less,
  matmul,
  reshape,
  scatter,
  select,
  softmax,
  sub,
} from "../../../../src/dsl/ops/index.ts";
import type { CacheFacts, DeclaredRole } from "../../../../src/dsl/role.ts";
import { constant, input, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../../src/dsl/type.ts";
import { contractProblems } from "../../../../src/passes/parity/contract-check.ts";
import { feed } from "../../../../src/passes/parity/feeds.ts";
import { parity } from "../../../../src/passes/parity/parity.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { pairOf } from "../../../support/parity.ts";

type Value<D extends DType = "fp16"> = Tensor<Shape, D>;
type Whole = Value<"int32">;

const [T, S] = [3, 12];

interface Form {
  /** Beyond the cache row; 1 where nothing is said. */
  readonly offset?: number;
  /** The role of that input, where it is another. */
  readonly role?: DeclaredRole;
  /** The first row that a token does not see, of its position and of the other input. */
  readonly end?: (position: Whole, other: Whole) => Whole;
  /** The row of a table that is added to x. */
  readonly looked?: (position: Whole, other: Whole) => Whole;
}

/** Attention over a cache that is written at positions, whose mask and table are told by a second input. */
function attention(tokens: number, form: Form = {}): Graph {
  const {
    offset = 1,
    role = { kind: "position", offset },
    end = (_, n) => n,
    looked = (p) => add(p, 2) as Whole,
  } = form;
  const x: Value = input("x", [1, 1, tokens, 4]);
  const position: Whole = input("position", [tokens], "int32", { role: "position" });
  const other: Whole = input("other", [tokens], "int32", { role });
  const old: Value = state("k", [1, 1, S, 4]);
  const table = reshape(gather(weight("table", [S + 4, 4]) as Value, looked(position, other), { axis: 0 }), {
    shape: [1, 1, tokens, 4],
  });
  const q = add(x, table) as Value;
  const key = matmul(q, weight("wk", [1, 1, 4, 4]) as Value) as Value;
  const K = scatter(old, position, key, { axis: 2, mode: "update" }) as Value;
  const rows: Whole = constant(
    Array.from({ length: S }, (_, row) => row),
    [1, 1, 1, S],
    "int32",
  );
  const seen = less(rows, reshape(end(position, other), { shape: [1, 1, tokens, 1] }) as Whole);
  const full = (n: number): Value => constant(new Array(tokens * S).fill(n), [1, 1, tokens, S]);
  const scores = add(matmul(q, K, { transpose_y: true }), select(seen, full(0), full(-10_000))) as Value;
  return graph({
    name: `g${tokens}`,
    inputs: [x, position, other],
    states: [[old, K]],
    outputs: { y: matmul(softmax(scores, { axis: 3 }), K) },
  });
}

const minus = (x: Whole, n: number): Whole => sub(x, n) as Whole;
const step = attention(1);

const RIGHT: Readonly<Record<string, readonly [block: Form, step: Form]>> = {
  "both by the second input": [{}, {}],
  "the block by the second, the steps by the first": [{}, { end: (p) => add(p, 1) as Whole }],
  "a table at the second less its offset": [{ looked: (_, n) => add(n, 1) as Whole }, {}],
  "an offset of 3": [
    { offset: 3, end: (_, n) => minus(n, 2) },
    { offset: 3, end: (p) => add(p, 1) as Whole },
  ],
  "one below the row": [
    { offset: -1, end: (_, n) => add(n, 2) as Whole },
    { offset: -1, end: (p) => add(p, 1) as Whole },
  ],
};

test.each(Object.entries(RIGHT))("proven, and equal in runs: %s", async (_, [block, single]) => {
  const verdict = prove(attention(T, block), attention(1, single));
  expect(verdict).toMatchObject({ verdict: "PROVEN", level: "exact" });
  const offset = block.offset ?? 1;
  const told = `other ${offset < 0 ? "+" : "−"} ${Math.abs(offset)}`;
  expect(verdict.preconditions.find(({ id }) => id === "P10")?.says).toContain(told);
  expect(verdict.roles).toContainEqual({ input: "other", role: "position", tokenAxis: 0, offset, source: "declared" });
  expect((await parity(pairOf(attention(T, block), attention(1, single), S))).equal).toBe(true);
});

const WRONG: Readonly<Record<string, Form>> = {
  "a row less is seen": { end: (_, n) => minus(n, 1) },
  "a row more is seen": { end: (_, n) => add(n, 1) as Whole },
  "the first input for the second": { end: (p) => p },
  "the table's next row": { looked: (p) => add(p, 3) as Whole },
  "the table at the second, as if it were the first": { looked: (_, n) => add(n, 2) as Whole },
  "the table's row before": { looked: (_, n) => n },
};

test.each(Object.entries(WRONG))("refuted, and different in runs: %s", async (_, form) => {
  expect(prove(attention(T, form), step).verdict).toBe("REFUTED");
  expect((await parity(pairOf(attention(T, form), step, S))).equal).toBe(false);
});

describe("not proven, or refused", () => {
  test("where the host feeds another offset than the graphs take", () => {
    const shown = { offset: 2 };
    expect(prove(attention(T, shown), attention(1, shown)).verdict).not.toBe("PROVEN");
  });

  test("where the second input is the host's rows, and no position", () => {
    const rows = { role: "rows" } as const;
    expect(prove(attention(T, rows), attention(1, rows)).verdict).not.toBe("PROVEN");
  });

  test("where only the steps know of the offset", () => {
    const plain = { role: "position" } as const;
    const judged = () => prove(attention(T, { ...plain, end: (p) => add(p, 1) as Whole }), attention(1));
    expect(judged).toThrow(
      'input "other" is declared with an offset of 0 in the block and with an offset of 1 in the step',
    );
  });

  test("an offset that the type cannot hold", () => {
    const of = (tokens: number) => {
      const p = input("p", [tokens], "uint16", { role: { kind: "position", offset: -1 } });
      return graph({ name: "g", inputs: [p], outputs: { y: cast(p, { dtype: "fp16" }) } });
    };
    expect(() => twinsOf(of(2), of(1))).toThrow("cannot hold the position of row 0, which would be -1");
    const role = { kind: "rows", offset: 1 } as unknown as DeclaredRole;
    expect(() => prove(attention(T, { role }), attention(1, { role }))).toThrow("only a position has an offset");
  });

  test("caches whose slots a position with an offset alone tells", () => {
    const of = (tokens: number) => {
      const x: Value = input("x", [1, tokens, 4]);
      const length: Whole = input("length", [1], "int32", { role: { kind: "position", offset: 1 } });
      const role: CacheFacts = { kind: "cache", update: "slot", rows: "k_rows" };
      const k: Value = input("k", [1, S, 4], "fp16", { role });
      return graph({ name: "g", inputs: [x, length, k], outputs: { y: x, k_rows: add(x, 1) } });
    };
    expect(() => prove(of(2), of(1))).toThrow("no write mask or position that tells them");
  });
});

test("what is fed is so far beyond the rows, and what is not breaks the contract", () => {
  const twins = twinsOf(attention(T), step);
  const call = { rows: [4, 2, 7], committed: new Set<number>(), stream: 0 };
  const fed = feed(twins.block, { seed: 1, roles: twins.roles, maxSeq: S }, call);
  expect(["position", "other"].map((name) => Array.from(fed[name]!.data))).toEqual([
    [4, 2, 7],
    [5, 3, 8],
  ]);
  const problems = () => contractProblems(twins.block, twins.roles, fed, S);
  expect(problems()).toEqual([]);
  fed.other!.data[0] = 0;
  expect(problems()).toEqual([`other[0] is 0, cache row -1; the cache has rows 0 to ${S - 1}`]);
});
