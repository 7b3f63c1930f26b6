/** A sum whose summands are sums themselves, without a rounding between: its own positions are not theirs. */
import { describe, expect, test } from "vitest";
import type { Tensor } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import * as graphc from "../../../../src/index.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { summary } from "../../../support/prove/prove.ts";

type Value = Tensor<Shape, "fp32">;
const op = graphc as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Value>>;

type Build = (...x: readonly Value[]) => Value;
/** What is claimed of two graphs by their terms alone, whatever inputs of these shapes they have. */
function claim(shapes: readonly Shape[], ...both: readonly [Build, Build]) {
  const [a, b] = both.map((build) => {
    const inputs = shapes.map((shape, k) => op.input!(`x${k}`, shape, "fp32", { role: "shared" }));
    return graphc.graph({ name: "g", inputs, outputs: { y: build(...inputs) } } as never);
  });
  return summary(prove(a!, b!, { secondOpinion: false, corollaries: false, budget: 0 }));
}

const zeros = (...shape: readonly number[]) =>
  op.constant!(new Array(shape.reduce((a, b) => a * b)).fill(0), shape, "fp32");
const places = (...at: readonly number[]) => op.constant!(at, [at.length], "int32");
const joined = (axis: number, ...x: readonly Value[]) => op.concat!(x, { axis });
const sum = (x: Value, ...axes: readonly number[]) => op.reduce_sum!(x, { axes });

describe("a sum over two axes", () => {
  test("is not the one over the first of them as far as another summand follows its form", () => {
    // Rows 0, 0, x and x[3]: x[0] + … + x[4] + x[3], and not x[0] + … + x[3].
    const twice: Build = (x) => {
      const row = op.reshape!(x!, { shape: [1, 5] });
      const last = op.slice_by_size!(row, places(0, 3), { size: [1, 1] });
      return sum(joined(0, joined(0, zeros(2, 5), row), joined(1, zeros(1, 3), last, zeros(1, 1))), 0, 1);
    };
    const once: Build = (x) => sum(op.slice_by_size!(x!, places(0), { size: [4] }), 0);
    expect(claim([[5]], twice, once)).toBe("REFUTED");
  });

  const SHAPES = [7, 9, 5, 11].map((n) => [1, n]);
  test("is not in bits the one over both as one: brackets stand elsewhere", () => {
    const nested: Build = (a, b, c, d) => sum(joined(0, joined(1, a!, b!), joined(1, c!, d!)), 0, 1);
    const flat: Build = (...x) => sum(joined(1, ...x), 0, 1);
    expect(claim(SHAPES, nested, flat)).toBe("PROVEN (reals)");
    expect(claim(SHAPES, nested, nested)).toBe("PROVEN (exact)");
  });
});

describe("pieces of one axis", () => {
  test("are those of the whole, however they are nested", () => {
    const nested: Build = (a, b, c) => sum(joined(0, joined(0, a!, b!), c!), 0);
    const flat: Build = (a, b, c) => sum(joined(0, a!, b!, c!), 0);
    expect(claim([[3], [2], [4]], nested, flat)).toBe("PROVEN (exact)");
  });
});

describe("ops in an order of their own", () => {
  const THREE = [[1], [1], [1]];
  const product =
    (...order: readonly [number, number, number]): Build =>
    (...x) =>
      op.reduce_prod!(joined(0, ...order.map((k) => x[k]!)), { axes: [0], keep_dims: true });
  /** Two updates that meet the third. */
  const met =
    (data: number, ...updates: readonly [number, number]): Build =>
    (...x) =>
      op.scatter!(x[data]!, places(0, 0), joined(0, ...updates.map((k) => x[k]!)), { mode: "add" });

  test.each<readonly [says: string, Build, Build, string]>([
    ["a product of the same row", product(0, 1, 2), product(0, 1, 2), "exact"],
    ["of one with two that change places", product(0, 1, 2), product(1, 0, 2), "reals"],
    ["updates that meet what was there", met(0, 1, 2), met(0, 1, 2), "exact"],
    ["one that changes places with it", met(0, 1, 2), met(1, 0, 2), "reals"],
  ])("%s", (_, a, b, level) => expect(claim(THREE, a, b)).toBe(`PROVEN (${level})`));
});
