/** scaled_dot_product_attention: which shapes and masks it takes, and whom each row attends to. */
import { describe, expect, test } from "vitest";
import { roundFp16 } from "../../../src/dsl/number.ts";
import { scaled_dot_product_attention as attention } from "../../../src/dsl/ops/index.ts";
import type { Tensor } from "../../../src/dsl/tensor.ts";
import { type Shape, sizeOf } from "../../../src/dsl/type.ts";
import { elementsOf, loose, of, ones, refusalOf } from "../../support/ops/by-hand.ts";
import { indicesOf } from "../../support/ops/draw.ts";

describe("the numbers", () => {
  test("each row takes the value whose key it is, in each batch its own", () => {
    const far = (...rows: readonly number[]) =>
      of(
        rows.flatMap((at) => [0, 1, 2].map((e) => (e === at ? 99 : 0))),
        [1, 2, rows.length / 2, 3],
      );
    const value = of([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2]);
    const y = attention(far(1, 0, 1, 2, 1, 2), far(0, 1, 1, 2), value);
    expect(y.type.shape).toEqual([1, 2, 3, 2]);
    expect(elementsOf(y)).toEqual([3, 4, 1, 2, 3, 4, 7, 8, 5, 6, 7, 8]);
  });

  test("a score is the product over the root of the width", () => {
    const y = attention(of([1, 1, 1, 1], [1, 1, 4]), of([1, 1, 1, 1, 0, 0, 0, 0], [1, 2, 4]), of([0, 1], [1, 2, 1]));
    expect(elementsOf(y)).toEqual([roundFp16(1 / (1 + Math.exp(2)))]);
  });

  test("the largest score is taken off: scores too large for e^x are fine", () => {
    const y = attention(of([200, 200], [1, 2, 1]), of([1, 2], [1, 2, 1]), of([5, 6], [1, 2, 1]));
    expect(elementsOf(y)).toEqual([6, 6]);
  });
});

const [BATCH, ROWS, SLOTS] = [[2, 2], 2, 3];
const SCORES = [...BATCH, ROWS, SLOTS];

describe("a mask", () => {
  const query = ones([...BATCH, ROWS, 1]);
  const key = ones([...BATCH, SLOTS, 1]);
  const value = of(
    [1, 2, 3, 4].flatMap(() => [10, 20, 30]),
    [...BATCH, SLOTS, 1],
  );
  /** The one slot that the mask leaves open, by the place in those axes that it has. */
  const openAt = (place: readonly number[]) => place.reduce((sum, i, axis) => sum + i * (axis + 1), 0) % SLOTS;

  describe.each<readonly [shape: Shape]>([
    [[3]],
    [[1, 3]],
    [[2, 3]],
    [[1, 2, 3]],
    [[2, 1, 3]],
    [[2, 1, 1, 3]],
    [[1, 2, 2, 3]],
    [[2, 2, 2, 3]],
  ])("of shape [%s]", (shape) => {
    const open = [...indicesOf(shape)].map((ix) => ix.at(-1) === openAt(ix.slice(0, -1)));
    const expected = [...indicesOf(SCORES.slice(0, -1))].map((place) => {
      const own = place.slice(place.length + 1 - shape.length).map((i, axis) => (shape[axis] === 1 ? 0 : i));
      return 10 * (1 + openAt(own));
    });

    test("of truth values leaves open where it is 1", () => {
      const attn_mask = of(open.map(Number), shape, "bool");
      expect(elementsOf(attention(query, key, value, { attn_mask }))).toEqual(expected);
    });

    test("of numbers is added", () => {
      const attn_mask = of(
        open.map((yes) => (yes ? 0 : -9999)),
        shape,
      );
      expect(elementsOf(attention(query, key, value, { attn_mask }))).toEqual(expected);
    });
  });

  test("of numbers has the dtype of query", () => {
    const thirty = [ones([1, 1, 2], "fp32"), ones([1, 1, 2], "fp32"), of([7], [1, 1, 1], "fp32")] as const;
    expect(elementsOf(attention(...thirty, { attn_mask: ones([1], "fp32") }))).toEqual([7]);
    expect(refusalOf(() => attention(...thirty, { attn_mask: ones([1]) }))).toBe(
      "scaled_dot_product_attention: attn_mask is fp16; it must be bool or fp32",
    );
  });

  test.each<readonly [shape: Shape, why: string]>([
    [[1], "the last axis is not broadcast"],
    [[2, 1], "the last axis is not broadcast"],
    [[], "it has no last axis"],
    [[2], "another number of slots"],
    [[3, 3], "another number of rows"],
    [[1, 2, 2, 2, 3], "more axes than the scores"],
    [[3, 2, 2, 3], "another batch"],
  ])("of shape [%s] is refused: %s", (shape) => {
    expect(refusalOf(() => attention(query, key, value, { attn_mask: ones(shape) }))).toBe(
      `scaled_dot_product_attention: attn_mask [${shape}] does not broadcast to the scores [${SCORES}]`,
    );
  });

  test("of one slot fits to one slot", () => {
    expect(
      elementsOf(attention(ones([1, 1, 1]), ones([1, 1, 1]), of([7], [1, 1, 1]), { attn_mask: ones([1, 1]) })),
    ).toEqual([7]);
  });
});

test.each<readonly [query: Shape, key: Shape, value: Shape, says: string]>([
  [[2, 4], [3, 4], [3, 5], "query must have rank 3 or more, not 2"],
  [[1, 2, 4], [1, 1, 3, 4], [1, 3, 5], "key has rank 4, query has rank 3"],
  [[1, 2, 4], [1, 3, 4], [3, 5], "value has rank 2, query has rank 3"],
  [[1, 2, 4], [2, 3, 4], [1, 3, 5], "leading axes differ: query [1], key [2]"],
  [[1, 6, 2, 4], [1, 6, 3, 4], [1, 1, 3, 5], "leading axes differ: query [1,6], value [1,1]"],
  [[1, 2, 4], [1, 3, 2], [1, 3, 5], "last axes differ: query 4, key 2"],
  [[1, 2, 4], [1, 3, 4], [1, 2, 5], "key has 3 rows, value has 2"],
])("query [%s], key [%s] and value [%s] are refused", (query, key, value, says) => {
  expect(refusalOf(() => attention(ones(query), ones(key), ones(value)))).toBe(`scaled_dot_product_attention: ${says}`);
});

test.each<readonly [query: Shape, key: Shape, value: Shape, result: Shape]>([
  [
    [1, 2, 4],
    [1, 3, 4],
    [1, 3, 5],
    [1, 2, 5],
  ],
  [
    [2, 6, 2, 4],
    [2, 6, 3, 4],
    [2, 6, 3, 1],
    [2, 6, 2, 1],
  ],
])("query [%s], key [%s] and value [%s] give [%s]", (query, key, value, result) => {
  const y = attention(ones(query), ones(key), ones(value));
  expect(y.type).toEqual({ dtype: "fp16", shape: result });
  expect(elementsOf(y)).toEqual(new Array(sizeOf(result)).fill(1));
});

test.each(["key", "value"])("%s has the dtype of query", (name) => {
  const operands = ["query", "key", "value"].map((other) => ones([1, 2, 2], other === name ? "fp32" : "fp16"));
  expect(refusalOf(() => attention(...loose<[Tensor, Tensor, Tensor]>(operands)))).toBe(
    `scaled_dot_product_attention: dtypes differ: query is fp16, ${name} is fp32`,
  );
});
