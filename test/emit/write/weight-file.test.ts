/** The weight file of a twin: cloned where it holds the same bytes, streamed where it does not. */
import { createHash } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { add, mul } from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import { sizeOf } from "../../../src/dsl/type.ts";
import { samePlan } from "../../../src/emit/write/blob.ts";
import { fillPackage } from "../../../src/emit/write/package.ts";
import type { WeightFile } from "../../../src/emit/write/weight-file.ts";
import type { WeightStore } from "../../../src/weights/store.ts";
import { folder } from "../../support/emit.ts";

const N = 64;

/** Every weight has bytes of its own; counts the weights that were streamed. */
function tellingStore() {
  const streamed: string[] = [];
  const store: WeightStore = {
    async *stream(source, { shape }) {
      const key = JSON.stringify(source);
      streamed.push(key);
      yield createHash("shake256", { outputLength: 2 * sizeOf(shape) })
        .update(key)
        .digest();
    },
    report: () => ({ rounded: 0, worstError: 0, nonFinite: [] }),
    close: async () => {},
  };
  return { store, streamed };
}

const TABLE = Float64Array.from({ length: N }, (_, k) => k);

const made = (body: (x: Tensor) => Tensor) => {
  const x = input("x", [N]);
  return graph({ name: "g", inputs: [x], outputs: { y: body(x) } });
};
const scaled = made((x) => mul(x, weight("w", [N])));

/** Fills a package of each graph, the second as a twin of the first. */
async function filled(first: ReturnType<typeof made>, second: ReturnType<typeof made>) {
  const root = folder();
  const { store, streamed } = tellingStore();
  const fill = async (g: ReturnType<typeof made>, name: string, twin?: WeightFile) => {
    const path = join(root, name);
    const done = await fillPackage(g, store, path, { path, ...(twin ? { twin } : {}) });
    await done.weights.whole;
    return { ...done, streamed: streamed.splice(0) };
  };
  const a = await fill(first, "a.mlpackage");
  const b = await fill(second, "b.mlpackage", a.weights);
  return { a, b };
}

const alone = async (g: ReturnType<typeof made>) => {
  const path = join(folder(), "c.mlpackage");
  return (await fillPackage(g, tellingStore().store, path, { path })).summary;
};

describe("the weight file of a twin", () => {
  test("has the same bytes and digest without the weights being streamed again, and is a file of its own", async () => {
    const { a, b } = await filled(
      scaled,
      made((x) => add(mul(x, weight("w", [N])), x)),
    );
    expect([a.streamed.length, b.streamed.length]).toEqual([1, 0]);
    expect(readFileSync(b.weights.path)).toEqual(readFileSync(a.weights.path));
    expect(b.summary.sha256.weights).toBe(a.summary.sha256.weights);
    expect(statSync(b.weights.path).nlink).toBe(1);
    writeFileSync(a.weights.path, "changed");
    expect(readFileSync(b.weights.path, "utf8")).not.toContain("changed");
  });

  test.each<[string, (x: Tensor) => Tensor]>([
    ["another weight", (x) => mul(x, weight("v", [N]))],
    ["rows of the weight", (x) => mul(x, weight("w", [N], { rows: [1, N + 1] }))],
    ["a weight more", (x) => add(mul(x, weight("w", [N])), weight("v", [N]))],
    ["a constant in its place", (x) => mul(x, constant(TABLE, [N], "fp16"))],
  ])("is streamed for %s, and is what it is without a twin", async (_, body) => {
    const { a, b } = await filled(scaled, made(body));
    expect(samePlan(a.weights.plan, b.weights.plan)).toBe(false);
    expect(b.summary.sha256).toEqual((await alone(made(body))).sha256);
  });

  test("is streamed where a constant has another element, or weights another order", async () => {
    const table = (first: number) => made((x) => mul(x, constant(TABLE.with(0, first), [N], "fp16")));
    const two = (p: string, q: string) => made((x) => add(mul(x, weight(p, [N])), weight(q, [N])));
    for (const [first, second] of [
      [table(1), table(2)],
      [two("v", "w"), two("w", "v")],
    ] as const) {
      const { b } = await filled(first, second);
      expect(b.summary.sha256).toEqual((await alone(second)).sha256);
    }
  });
});
