/** Masks over a window that the host shifts, with the call's own rows behind it: proven, run, checked, and with faults planted. */
import { describe, expect, test } from "vitest";
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import { withHostCaches } from "../../../src/dsl/host-caches.ts";
import { add, concat, matmul, slice_by_size, softmax } from "../../../src/dsl/ops/index.ts";
import type { DeclaredRole } from "../../../src/dsl/role.ts";
import { constant, input, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import { twinsOf } from "../../../src/dsl/twins.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { contractProblems } from "../../../src/passes/parity/contract-check.ts";
import { feed } from "../../../src/passes/parity/feeds.ts";
import { parity } from "../../../src/passes/parity/parity.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { pairOf } from "../../support/parity.ts";

type Value = Tensor<Shape, "fp16">;

const [T, S] = [3, 5];

/** What a block may get wrong. */
type Fault =
  | "rows in another order"
  | "K for V"
  | "own rows before the window"
  | "the mask of another token"
  | "sees dropped rows"
  | "sees later rows";

interface Form {
  readonly down?: boolean;
  readonly behind?: number;
  readonly mask?: DeclaredRole;
}

/** Attention of rows x [1, 1, T, 4] over a window of S rows and the call's own. */
function attention(tokens: number, fault?: Fault, { behind = tokens, mask: role = "mask" }: Form = {}): Graph {
  const x: Value = input("x", [1, 1, tokens, 4]);
  const mask: Value = input("m", [1, 1, tokens, S + behind], "fp16", { role });
  const cache = (name: string): Value =>
    input(name, [1, 1, S, 4], "fp16", { role: { kind: "cache", update: "shift", rows: `${name}_rows` } });
  const [oldK, oldV] = [cache("k"), cache("v")];
  const rows = (name: string): Value => matmul(x, weight(name, [1, 1, 4, 4]) as Value) as Value;
  const [newK, newV] = [rows("wk"), rows("wv")];
  const all = (old: Value, fresh: Value): Value =>
    concat(fault === "own rows before the window" ? [fresh, old] : [old, fresh], { axis: 2 }) as Value;
  const more = behind - tokens;
  const scores = matmul(x, all(oldK, newK), { transpose_y: true });
  const y = matmul(
    softmax(add(scores, seenBy(more > 0 ? part(mask, 3, 0, S + tokens) : mask, tokens, fault)), { axis: 3 }),
    all(oldV, newV),
  );
  const k_rows = fault === "rows in another order" ? turned(newK) : fault === "K for V" ? newV : newK;
  return graph({ name: `g${tokens}`, inputs: [x, mask, oldK, oldV], outputs: { y, k_rows, v_rows: newV } });
}

const part = (x: Value, axis: number, first: number, size: number): Value =>
  slice_by_size(
    x,
    x.type.shape.map((_, k) => (k === axis ? first : 0)),
    { size: x.type.shape.map((n, k) => (k === axis ? size : n)) },
  ) as Value;

const turned = (x: Value): Value =>
  concat([part(x, 2, 1, x.type.shape[2]! - 1), part(x, 2, 0, 1)], { axis: 2 }) as Value;

function seenBy(mask: Value, tokens: number, fault: Fault | undefined): Value {
  const open = (n: number): Value => constant(new Array(tokens * n).fill(0), [1, 1, tokens, n]) as Value;
  if (fault === "the mask of another token") return turned(mask);
  if (fault === "sees dropped rows")
    return concat([open(tokens - 1), part(mask, 3, tokens - 1, S + 1)], { axis: 3 }) as Value;
  if (fault === "sees later rows") return concat([part(mask, 3, 0, S + 1), open(tokens - 1)], { axis: 3 }) as Value;
  return mask;
}

const closed = (graphs: readonly [Graph, Graph]): [Graph, Graph] =>
  withHostCaches(graphs, new Map()).graphs as [Graph, Graph];

test("a block over a window is what its steps are, over the reals", () => {
  const verdict = prove(attention(T), attention(1));
  expect(verdict).toMatchObject({ verdict: "PROVEN", level: "reals", anyCacheSize: false });
  const said = verdict.preconditions.map(({ id }) => id);
  expect(said).toEqual(expect.arrayContaining(["P3", "P4", "P13"]));
  const yes = verdict.verdict === "PROVEN" ? verdict.corollaries.filter(({ holds }) => holds) : [];
  expect(yes.map(({ name }) => name)).toEqual(["positions"]);
});

test("and so it is with another mask", () => {
  const mask = { kind: "mask", closed: -65_504 } as const;
  expect(prove(attention(T, undefined, { mask }), attention(1, undefined, { mask })).verdict).toBe("PROVEN");
});

test("of almost as many tokens as the window has rows, and of more", () => {
  for (const tokens of [S - 1, S + 1])
    expect(prove(attention(tokens), attention(1), { corollaries: false }).verdict).toBe("PROVEN");
});

const FAULTS: readonly Fault[] = [
  "rows in another order",
  "K for V",
  "own rows before the window",
  "the mask of another token",
  "sees dropped rows",
  "sees later rows",
];

test.each(FAULTS)("a block with this fault is refuted: %s", (fault) => {
  expect(prove(attention(T, fault), attention(1)).verdict).toBe("REFUTED");
});

test("a mask with other rows behind than the call's tokens is refused", () => {
  expect(() => prove(attention(T, undefined, { behind: T + 1 }), attention(1))).toThrow(
    'input "m" of g3 must differ from its one-token twin in one axis',
  );
});

describe("parity", () => {
  test("shifts the window, and shuts what a step has no more", async () => {
    const report = await parity(pairOf(...closed([attention(2), attention(1)]), 5));
    expect([report.equal, report.exercised.rejected]).toEqual([true, 0]);
    expect(report.calls.length).toBeGreaterThan(1);
  });

  test.each(FAULTS)("differs with this fault: %s", async (fault) => {
    const report = await parity(pairOf(...closed([attention(T, fault), attention(1)]), 5));
    expect(report.equal).toBe(false);
  });
});

test("what is fed keeps the contract, and a row that is dropped and shown breaks it", () => {
  const twins = twinsOf(attention(T), attention(1));
  const source = { seed: 1, roles: twins.roles, maxSeq: S };
  const fed = feed(twins.block, source, { rows: [3, 4, 5], committed: new Set([0, 1, 2, 7, 8]), stream: 0 });
  const problems = () => contractProblems(twins.block, twins.roles, fed, S);
  const column = (t: number) => Array.from(fed.m!.data.slice(t * (S + T), (t + 1) * (S + T)), (x) => Number(x === 0));
  expect([column(0), column(1), column(2)]).toEqual([
    [1, 1, 1, 1, 1, 1, 0, 0],
    [0, 1, 1, 1, 1, 1, 1, 0],
    [0, 0, 1, 1, 1, 1, 1, 1],
  ]);
  expect(problems()).toEqual([]);
  fed.m!.data[S + T] = 0;
  expect(problems()).toEqual(["m, row 1: sees row 0 of the window, which its step has no more"]);
  fed.m!.data[S + T] = -10_000;
  fed.m!.data[S + 1] = 0;
  expect(problems()[0]).toMatch(/which a later token of the block writes/);
});
