/** What parity feeds follows from the roles: bool masks hold truth values, whole numbers are no positions, layouts are free. */
import { expect, test } from "vitest";
import type { Graph } from "../../../src/dsl/graph.ts";
import { twinsOf } from "../../../src/dsl/host/twins.ts";
import type { Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import {
  add,
  constant,
  gather,
  graph,
  input,
  matmul,
  mul,
  reduce_sum,
  select,
  softmax,
  state,
  sub,
  transpose,
} from "../../../src/index.ts";
import type { NDArray } from "../../../src/passes/interpret/array.ts";
import { contractProblems } from "../../../src/passes/parity/contract-check.ts";
import { type Feed, feed } from "../../../src/passes/parity/feeds.ts";
import { parity } from "../../../src/passes/parity/parity.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { pairOf } from "../../support/parity.ts";

type Value = Tensor<Shape, "fp16">;

const [T, S] = [3, 20];

/** Two heads of attention on a cache; `form` says how the masks come, none of whose names tells anything. */
function attention(tokens: number, form: "usual" | "bool" | "turned"): Graph {
  const x: Value = input("x", [1, 2, tokens, 4]);
  const turned = form === "turned";
  const m =
    form === "bool"
      ? input("m", [1, 1, tokens, S], "bool", { role: "mask" })
      : input("m", turned ? [1, S, 1, tokens] : [1, 1, tokens, S], "fp16", { role: "mask" });
  const w: Value = input("w", turned ? [1, S, 1, tokens] : [1, 1, S, tokens], "fp16", {
    role: turned ? { kind: "write_mask", slotAxis: 1 } : "write_mask",
  });
  const slot: Value = turned ? transpose(w, { perm: [0, 2, 1, 3] }) : w;
  const old: Value = state("k", [1, 2, S, 4]);
  const K: Value = add(mul(old, sub(1, reduce_sum(slot, { axes: [3], keep_dims: true }))), matmul(slot, x));
  const scores: Value = matmul(x, K, { transpose_y: true });
  const added: Value = turned ? transpose(m as Value, { perm: [0, 2, 3, 1] }) : (m as Value);
  const closed: Value = constant([-10_000], [1, 1, 1, 1]);
  const seen: Value = form === "bool" ? select(m as Tensor<Shape, "bool">, scores, closed) : add(scores, added);
  const outputs = { y: matmul(softmax(seen, { axis: 3 }), K) };
  return graph({ name: `g${tokens}`, inputs: [x, m, w], states: [[old, K]], outputs });
}

test.each(["usual", "bool", "turned"] as const)("masks of %s form are fed as their role has it", async (form) => {
  const [block, step] = [attention(T, form), attention(1, form)];
  const report = await parity(pairOf(block, step, 3), { seed: 3 });
  expect(report.equal).toBe(true);
  expect(report.calls.map(({ call }) => call.label)).toContain("partly filled block");
  expect(report.roles.map(({ role, source }) => `${role} ${source}`)).toEqual([
    "rows shape",
    "mask declared",
    "write_mask declared",
  ]);
});

test.each(["usual", "turned"] as const)("masks of %s form are proven as their role has it", (form) => {
  expect(prove(attention(T, form), attention(1, form), { secondOpinion: false, corollaries: false }).verdict).toBe(
    "PROVEN",
  );
});

test("a bool mask keeps its contract, and a broken one is told", () => {
  const block = attention(T, "bool");
  const { roles } = twinsOf(block, attention(1, "bool"));
  const call: Feed = { rows: [4, 5, 6], committed: new Set([0, 1]), stream: 0 };
  const fed = feed(block, { seed: 3, roles, maxSeq: S }, call);
  expect(new Set(fed.m!.data)).toEqual(new Set([0, 1]));
  const row = (t: number) => Array.from(fed.m!.data.slice(t * S, t * S + 8));
  expect([row(0), row(2)]).toEqual([
    [1, 1, 0, 0, 1, 0, 0, 0],
    [1, 1, 0, 0, 1, 1, 1, 0],
  ]);
  expect(contractProblems(block, roles, fed, S)).toEqual([]);
  const changed = (at: number, x: number): NDArray => ({ ...fed.m!, data: fed.m!.data.with(at, x) });
  expect(contractProblems(block, roles, { ...fed, m: changed(4, 0) }, S)).toEqual([
    "m, row 0: hides the token's own cache row 4",
  ]);
  expect(contractProblems(block, roles, { ...fed, m: changed(5, 1) }, S)).toEqual([
    "m, row 0: sees cache row 5, which a later token of the block writes",
  ]);
});

test("whole numbers that are rows, such as token ids, are small enough to be looked up", async () => {
  const embed = (tokens: number): Graph => {
    const ids = input("input_ids", [tokens], "int32", { role: "rows" });
    const table: Value = constant([1, 2, 3, 4], [2, 2]);
    return graph({ name: `g${tokens}`, inputs: [ids], outputs: { y: gather(table, ids, { axis: 0 }) } });
  };
  const report = await parity(pairOf(embed(T), embed(1), 3), { seed: 3 });
  expect(report.equal).toBe(true);
  const { roles } = twinsOf(embed(T), embed(1));
  const fed = feed(embed(T), { seed: 3, roles, maxSeq: S }, { rows: [0, 1, 2], committed: new Set(), stream: 0 });
  expect([...fed.input_ids!.data].every((id) => id === 0 || id === 1)).toBe(true);
});
