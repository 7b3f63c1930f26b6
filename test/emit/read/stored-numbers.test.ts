/** Weights that one of two packages alone holds are the numbers that they are; those that both hold may be any. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Graph, graph, schedule } from "../../../src/dsl/graph.ts";
import {
  add,
  constexpr_blockwise_shift_scale,
  constexpr_lut_to_dense,
  matmul,
  mul,
} from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import { sizeOf } from "../../../src/dsl/type.ts";
import { encodeElements } from "../../../src/emit/mil/encode-elements.ts";
import { storedNumbers } from "../../../src/emit/read/blobs/stored-numbers.ts";
import { graphOf, readPackage } from "../../../src/emit/read/read.ts";
import { writePackage } from "../../../src/emit/write/package.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { nothingToReport, type WeightStore } from "../../../src/weights/store.ts";

/** What the tensors of a test hold: numbers by the first word of their names. */
const NUMBERS: Readonly<Record<string, (k: number) => number>> = {
  rising: (k) => (k + 1) / 4,
  falling: (k) => -(k + 1) / 4,
  ones: () => 1,
  codes: (k) => k,
  bytes: (k) => k + 1,
  table: (k) => (k + 1) / 4,
  triangle: (k) => (k % 3 > k / 3 ? -10000 : 0),
  weighty: (k) => (k % 3 > k / 3 ? -10000 : 0.5),
  turned: (k) => ((Math.floor(k / 3) + (k % 3) * 4) % 12) / 4 + 0.25,
};
const store: WeightStore = {
  async *stream(source, type) {
    const name = source.from === "checkpoint" ? source.tensor : "";
    yield encodeElements(
      type.dtype,
      Float64Array.from({ length: sizeOf(type.shape) }, (_, k) => NUMBERS[name]!(k)),
    );
  },
  report: () => nothingToReport,
  close: async () => {},
};

/** y of a row x [1, 3], written to disk and read back. */
async function packaged(of: (x: Tensor<readonly [1, 3], "fp16">) => Tensor): Promise<Graph> {
  const x = input("x", [1, 3]);
  const path = join(mkdtempSync(join(tmpdir(), "graphc-numbers-")), "x.mlpackage");
  await writePackage(graph({ name: "y", inputs: [x], outputs: { y: of(x) } }), store, path);
  return graphOf(readPackage(path));
}

const gain = weight("rising", [1, 3]);
async function judged(a: Parameters<typeof packaged>[0], b: Parameters<typeof packaged>[0]) {
  const pair = [await packaged(a), await packaged(b)] as const;
  const { unread, alone, ...stored } = storedNumbers(pair);
  expect(unread).toBe(false);
  return { ...prove(...pair, stored), alone };
}

test("a stored tensor is the constant that the other program has written out", async () => {
  const written = constant([0.25, 0.5, 0.75], [1, 3]);
  expect(
    await judged(
      (x) => mul(x, gain),
      (x) => mul(x, written),
    ),
  ).toMatchObject({
    verdict: "PROVEN",
    level: "exact",
    alone: 1,
  });
  const other = constant([0.25, 0.5, 1], [1, 3]);
  expect(
    (
      await judged(
        (x) => mul(x, gain),
        (x) => mul(x, other),
      )
    ).verdict,
  ).toBe("REFUTED");
});

test("a gain of ones may be left out, and no other", async () => {
  expect(
    (
      await judged(
        (x) => mul(x, weight("ones", [1, 3])),
        (x) => mul(x, 1),
      )
    ).verdict,
  ).toBe("PROVEN");
  expect(
    (
      await judged(
        (x) => mul(x, gain),
        (x) => mul(x, 1),
      )
    ).verdict,
  ).toBe("REFUTED");
});

test("other numbers are refuted with those numbers; the same ones in another order are not known to differ", async () => {
  const plain = (x: Tensor<readonly [1, 3], "fp16">) => matmul(x, weight("rising", [3, 4]));
  const turned = (x: Tensor<readonly [1, 3], "fp16">) => matmul(x, weight("turned", [4, 3]), { transpose_y: true });
  const twin = await judged(plain, turned);
  expect(twin).toMatchObject({ verdict: "NOT PROVEN", alone: 2 });
  const falling = await judged(plain, (x) => matmul(x, weight("falling", [3, 4])));
  if (falling.verdict !== "REFUTED") throw new Error(falling.verdict);
  // Of the input alone: weights that are known are not made small.
  expect([...falling.counterexample.sample.arrays.keys()]).toEqual(["input x"]);
});

test("what both hold stays any numbers", async () => {
  const twin = await judged(
    (x) => add(mul(x, gain), mul(x, gain)),
    (x) => mul(mul(x, gain), 2),
  );
  expect(twin).toMatchObject({ verdict: "PROVEN", alone: 0 });
  const ones = weight("ones", [1, 3]);
  expect(
    (
      await judged(
        (x) => mul(x, ones),
        (x) => add(mul(x, ones), mul(x, 0)),
      )
    ).verdict,
  ).toBe("PROVEN");
  // Of ones alone this would be true.
  expect(
    (
      await judged(
        (x) => mul(x, ones),
        (x) => mul(mul(x, ones), ones),
      )
    ).verdict,
  ).toBe("REFUTED");
});

test("what is too large to be read stays a weight, and is told", async () => {
  const pair = [await packaged((x) => mul(x, gain)), await packaged((x) => mul(x, weight("ones", [1, 3])))] as const;
  const at = (most: number) => {
    const { unread, alone, tableOf } = storedNumbers(pair, most);
    const tables = pair
      .flatMap(schedule)
      .flatMap(({ def, type }) => (def.kind === "weight" ? [tableOf(def.source, type)] : []));
    return { unread, alone, tables: tables.map((table) => table && [...(table as Float64Array)]) };
  };
  expect(at(6)).toEqual({
    unread: false,
    alone: 2,
    tables: [
      [0.25, 0.5, 0.75],
      [1, 1, 1],
    ],
  });
  expect(at(5)).toEqual({ unread: true, alone: 2, tables: [undefined, undefined] });
});

test("a palettised weight against the numbers that it unpacks to", async () => {
  const unpacked = (last: number) => (x: Tensor<readonly [1, 3], "fp16">) =>
    mul(x, constant([0.25, 0.5, last], [1, 3]));
  const codes = { ...weight("codes", [1, 3]), type: { dtype: "uint2", shape: [1, 3] } } as unknown as Tensor;
  const lut = (x: Tensor<readonly [1, 3], "fp16">) =>
    mul(x, constexpr_lut_to_dense(codes, weight("table", [1, 1, 4, 1])) as typeof gain);
  expect(await judged(lut, unpacked(0.75))).toMatchObject({ verdict: "PROVEN", alone: 2 });
  expect((await judged(lut, unpacked(1))).verdict).toBe("REFUTED");
});

test.each(["palettised", "scaled"] as const)(
  "a table that is read along a sum, %s in one graph and dense in the other",
  async (how) => {
    const codes = { ...weight("codes", [1, 3]), type: { dtype: "uint2", shape: [1, 3] } } as unknown as Tensor;
    const packed = {
      palettised: () => constexpr_lut_to_dense(codes, weight("table", [1, 1, 4, 1])),
      scaled: () =>
        constexpr_blockwise_shift_scale(
          { ...weight("bytes", [1, 3]), type: { dtype: "int8", shape: [1, 3] } } as unknown as Tensor,
          constant([0.25], [1, 1]),
        ),
    };
    // What the sum is taken over is the axis of the table: an element for each place of it would be another form.
    const summed = (gains: Tensor) => (x: Tensor<readonly [1, 3], "fp16">) =>
      matmul(mul(x, gains as typeof gain), weight("rising", [3, 4]));
    const dense = (last: number) => constant([0.25, 0.5, last], [1, 3]) as Tensor;
    expect(await judged(summed(packed[how]()), summed(dense(0.75)))).toMatchObject({
      verdict: "PROVEN",
      level: "exact",
    });
    expect((await judged(summed(packed[how]()), summed(dense(1)))).verdict).toBe("REFUTED");
  },
);

test("the table of a mask is known where it is 0 and one number that masks out", async () => {
  const held = async (name: string) => {
    const g = await packaged((x) => matmul(x, weight(name, [3, 3])));
    const { tableOf } = storedNumbers([g, g]);
    return schedule(g).flatMap(({ def, type }) => (def.kind === "weight" ? [tableOf(def.source, type)] : []));
  };
  expect(Array.from((await held("triangle"))[0]!)).toEqual([0, -10000, -10000, 0, 0, -10000, 0, 0, 0]);
  expect(await held("weighty")).toEqual([undefined]);
});
