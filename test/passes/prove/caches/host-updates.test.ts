/** Caches of which an output is the whole, and such into which the host shifts new rows: proven, run, and with faults planted. */
import { describe, expect, test } from "vitest";
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import { withHostCaches } from "../../../../src/dsl/host/host-caches.ts";
import { hostShift } from "../../../../src/dsl/host/host-write.ts";
import { add, concat, matmul, mul, reduce_sum, slice_by_size, sub } from "../../../../src/dsl/ops/index.ts";
import type { CacheFacts } from "../../../../src/dsl/role.ts";
import { input, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import { arrayOf } from "../../../../src/passes/interpret/array.ts";
import { evaluate } from "../../../../src/passes/interpret/evaluate.ts";
import { parity } from "../../../../src/passes/parity/parity.ts";
import { recordable } from "../../../../src/passes/parity/record/record.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { pairOf } from "../../../support/parity.ts";

type Value = Tensor<Shape, "fp16">;
type Update = CacheFacts["update"];

/** Columns of the convolution's past. */
const PAST = 3;

/** What a convolution whose past goes in and comes out may get wrong. */
type Fault = "rows in another order" | "none dropped" | "another output" | "newest dropped" | "one too many dropped";

const part = (x: Value, first: number, size: number): Value =>
  slice_by_size(x, [0, 0, first], { size: [1, 4, size] }) as Value;

const turned = (x: Value): Value => {
  const T = x.type.shape[2]!;
  return concat(
    Array.from({ length: T }, (_, t) => part(x, T - 1 - t, 1)),
    { axis: 2 },
  ) as Value;
};

/**
 * Columns x [1, 4, T] behind the past of PAST columns, and a sum over PAST + 1 of them for each token; `update` says whether the new
 * columns come out, or the last PAST of all.
 */
function convolution(T: number, update: Update, fault?: Fault): Graph {
  const x: Value = input("x", [1, 4, T]);
  const past: Value = input("past", [1, 4, PAST], "fp16", { role: { kind: "cache", update, rows: "now" } });
  const fresh: Value = mul(x, weight("w", [1, 4, 1]) as Value) as Value;
  const all = concat([past, fresh], { axis: 2 }) as Value;
  const taps = Array.from({ length: PAST + 1 }, (_, k) => mul(part(all, k, T), weight(`tap${k}`, [1, 4, 1]) as Value));
  const y = taps.reduce((sum, tap) => add(sum, tap) as Value) as Value;
  const column = fault === "another output" ? x : fault === "rows in another order" ? turned(fresh) : fresh;
  const now = update === "shift" ? column : wholeOf(past, column, fault);
  return graph({ name: `conv_t${T}`, inputs: [x, past], outputs: { y, now } });
}

/** The past after the call, where the graph gives all of it. */
function wholeOf(past: Value, fresh: Value, fault: Fault | undefined): Value {
  const T = fresh.type.shape[2]!;
  if (fault === "none dropped") return past;
  if (fault === "newest dropped") return part(concat([past, fresh], { axis: 2 }) as Value, 0, PAST);
  const first = fault === "one too many dropped" && T > 1 ? T - 1 : T;
  return part(concat([past, fresh], { axis: 2 }) as Value, first, PAST);
}

describe.each(["replace", "shift"] as const)("%s", (update) => {
  test.each([2, PAST, PAST + 2])("a convolution's past is proven, in blocks of %d tokens", (T) => {
    const verdict = prove(convolution(T, update), convolution(1, update));
    expect(verdict).toMatchObject({ verdict: "PROVEN", level: "exact" });
    expect(verdict.roles.at(-1)).toEqual({ input: "past", role: "cache", rows: "now", update, source: "declared" });
  });

  test("and no token of a block may be rejected or padding", () => {
    const verdict = prove(convolution(2, update), convolution(1, update));
    const denied = ["acceptPrefix", "rejectedRows", "padding"];
    const said = verdict.verdict === "PROVEN" ? verdict.corollaries : [];
    expect(said.filter(({ name }) => denied.includes(name)).map(({ holds }) => holds)).toEqual([false, false, false]);
  });

  test("parity feeds back what the host keeps, and rejects nothing", async () => {
    const run = (fault?: Fault) => {
      const { graphs } = withHostCaches([convolution(2, update, fault), convolution(1, update)], new Map());
      return parity(pairOf(graphs[0]!, graphs[1]!, 3));
    };
    const report = await run();
    expect([report.equal, report.exercised.rejected]).toEqual([true, 0]);
    expect(report.calls.length).toBeGreaterThan(2);
    expect((await run("rows in another order")).equal).toBe(false);
  });

  test("fixtures for a device are refused by name", () => {
    const pair = { block: convolution(2, update), step: convolution(1, update) };
    expect(() => recordable(pair)).toThrow(`cache "past" is kept by ${update}`);
  });
});

const both = ["rows in another order", "another output"] as const;
test.each([
  ...both.map((fault) => ["shift", fault] as const),
  ...[...both, "none dropped" as const, "newest dropped" as const, "one too many dropped" as const].map(
    (fault) => ["replace", fault] as const,
  ),
])("%s: a block with this fault is refuted: %s", (update, fault) => {
  const verdict = prove(convolution(2, update, fault), convolution(1, update));
  expect(verdict.verdict).toBe("REFUTED");
});

test("a host that shifts is no host that replaces, nor one that writes at slots", () => {
  expect(() => prove(convolution(PAST, "shift"), convolution(1, "replace"))).toThrow(
    'one host cannot keep both: "past" the state past of the rows now by shift in one graph, "past" the state past of the rows now by replace in the other',
  );
});

test("nor one that shifts along another axis", () => {
  const of = (T: number, shape: readonly [number, number, number]): Graph => {
    const x: Value = input("x", [1, 1, T]);
    const past: Value = input("past", [1, 3, 3], "fp16", { role: { kind: "cache", update: "shift", rows: "now" } });
    const now = mul(weight("w", shape) as Value, reduce_sum(x, { axes: [2], keep_dims: true })) as Value;
    return graph({ name: "g", inputs: [x, past], outputs: { y: mul(x, 2), now } });
  };
  expect(() => prove(of(2, [1, 2, 3]), of(1, [1, 3, 1]))).toThrow("along axis 1 in one graph");
});

test("an output that is not the whole cache does not replace it", () => {
  const of = (T: number): Graph => {
    const x: Value = input("x", [1, 4, T]);
    const past: Value = input("past", [1, 4, PAST], "fp16", {
      role: { kind: "cache", update: "replace", rows: "now" },
    });
    return graph({ name: "g", inputs: [x, past], outputs: { y: mul(x, 2), now: part(past, 0, 2) } });
  };
  expect(() => prove(of(2), of(1))).toThrow(
    'the host cannot write fp16[1,4,2] into cache "past" (fp16[1,4,3]) as the whole',
  );
});

/** One state's rows are placed by a write mask; its whole comes out. */
function attended(T: number, kept: "replace" | "state", fault?: "not cleared"): Graph {
  const x: Value = input("x", [1, T, 4]);
  const slot: Value = input("kv_write_mask", [1, 6, T]);
  const mask: Value = input("attn_mask", [1, T, 6]);
  const role = { kind: "cache", update: "replace", rows: "k_out" } as const;
  const old: Value = kept === "state" ? state("k", [1, 6, 4]) : input("k", [1, 6, 4], "fp16", { role });
  const clear = fault ? old : (mul(old, sub(1, reduce_sum(slot, { axes: [2], keep_dims: true }))) as Value);
  const k_out = add(clear, matmul(slot, x)) as Value;
  const y = matmul(mul(add(mask, 10_000), 0.0001), k_out);
  const inputs = [x, slot, mask, ...(kept === "state" ? [] : [old])];
  if (kept === "state") return graph({ name: "g", inputs, states: [[old, k_out]], outputs: { y } });
  return graph({ name: "g", inputs, outputs: { y, k_out } });
}

test("a whole cache that comes out is what a state is, with its corollaries", () => {
  const [kept, states] = (["replace", "state"] as const).map((how) => prove(attended(3, how), attended(1, how)));
  const told = (verdict: typeof kept) => verdict?.verdict === "PROVEN" && verdict.corollaries;
  expect(told(kept)).toBeTruthy();
  expect(told(kept)).toEqual(told(states));
  expect(prove(attended(3, "replace"), attended(1, "state")).verdict).toBe("PROVEN");
  expect(prove(attended(3, "replace", "not cleared"), attended(1, "replace")).verdict).toBe("REFUTED");
});

test("the rows of a shifted window are the last of both, whatever their number", () => {
  for (const T of [1, 2, 3, 4, 7]) {
    const [cache, rows] = [input("cache", [2, 3, 1]) as Value, input("rows", [2, T, 1]) as Value];
    const shifted = graph({
      name: "g",
      inputs: [cache, rows],
      outputs: { y: mul(hostShift(cache, rows) as Value, 1) },
    });
    const line = (head: number, first: number, n: number) =>
      Array.from({ length: n }, (_, k) => 100 * head + first + k);
    const array = (n: number, first: number) =>
      arrayOf("fp16", [2, n, 1], [...line(1, first, n), ...line(2, first, n)]);
    const { outputs } = evaluate(shifted, { values: { cache: array(3, 0), rows: array(T, 3) } });
    expect([...outputs.y!.data]).toEqual([...line(1, T, 3), ...line(2, T, 3)]);
  }
});
