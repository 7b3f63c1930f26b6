/** conv by small examples: padding, strides, dilations and groups in numbers, and what its rules refuse. */
import { describe, expect, test } from "vitest";
import { conv } from "../../../src/dsl/ops/index.ts";
import { input, type OpDef, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { elementsOf, loose, of, ones, questionsOf, refusalOf } from "../../support/ops/by-hand.ts";

interface Options {
  readonly strides?: readonly number[];
  readonly pad_type?: "valid" | "same" | "same_lower" | "custom";
  readonly pad?: readonly number[];
  readonly dilations?: readonly number[];
  readonly groups?: number;
  readonly bias?: Tensor<Shape, "fp16">;
}

describe("along one axis", () => {
  const signal = of([1, 2, 3, 4, 5], [1, 1, 5]);
  test.each<readonly [kernel: readonly number[], options: Options, z: readonly number[]]>([
    [[1, 10, 100], {}, [321, 432, 543]],
    [[1, 10, 100], { pad_type: "custom", pad: [1, 0] }, [210, 321, 432, 543]],
    [[1, 10, 100], { pad_type: "custom", pad: [0, 1] }, [321, 432, 543, 54]],
    [[1, 10, 100], { pad_type: "custom", pad: [3, 0] }, [0, 100, 210, 321, 432, 543]],
    [[1, 10, 100], { pad_type: "custom", pad: [0, 0] }, [321, 432, 543]],
    [[1, 10, 100], { pad_type: "custom" }, [321, 432, 543]],
    [[1, 10, 100], { pad_type: "same", strides: [2] }, [210, 432, 54]],
    [[1, 10, 100], { pad_type: "same", strides: [3] }, [321, 54]],
    [[1, 10, 100], { pad_type: "same_lower", strides: [3] }, [210, 543]],
    [[1, 10], { pad_type: "same", strides: [3] }, [21, 54]],
    [[1], { pad_type: "same", strides: [3] }, [1, 4]],
    [[1], { pad_type: "same", strides: [4] }, [1, 5]],
    [[1, 10], { pad_type: "same", dilations: [2] }, [20, 31, 42, 53, 4]],
    [[1, 10], { pad_type: "same", dilations: [3] }, [30, 41, 52, 3, 4]],
    [[1, 10], { strides: [2], dilations: [2] }, [31, 53]],
    [[1, 10], { strides: [2], dilations: [4] }, [51]],
    [[1, 1, 1, 1, 1], {}, [15]],
    [[1], { strides: [9] }, [1]],
  ])("the kernel %j with %j gives %j", (kernel, options, z) => {
    const y = conv(signal, of(kernel, [1, 1, kernel.length]), options);
    expect(y.type).toEqual({ dtype: "fp16", shape: [1, 1, z.length] });
    expect(elementsOf(y)).toEqual(z);
  });
});

describe("along two axes", () => {
  const image = of([1, 2, 3, 4, 5, 6], [1, 1, 2, 3]);
  const kernel = of([1, 2, 3, 4], [1, 1, 2, 2]);
  test.each<readonly [options: Options, shape: Shape, z: readonly number[]]>([
    [{}, [1, 1, 1, 2], [37, 47]],
    [{ pad_type: "custom", pad: [0, 0, 1, 0] }, [1, 1, 1, 3], [18, 37, 47]],
    [{ pad_type: "custom", pad: [1, 0, 0, 0] }, [1, 1, 2, 2], [11, 18, 37, 47]],
    [{ pad_type: "custom", pad: [0, 1, 0, 0] }, [1, 1, 2, 2], [37, 47, 14, 17]],
    [{ pad_type: "same" }, [1, 1, 2, 3], [37, 47, 21, 14, 17, 6]],
    [{ pad_type: "same", strides: [1, 3] }, [1, 1, 2, 1], [37, 14]],
    [{ dilations: [1, 2] }, [1, 1, 1, 1], [1 + 6 + 12 + 24]],
    [{ strides: [1, 2] }, [1, 1, 1, 1], [37]],
  ])("with %j", (options, shape, z) => {
    const y = conv(image, kernel, options);
    expect(y.type.shape).toEqual(shape);
    expect(elementsOf(y)).toEqual(z);
  });
});

describe("channels", () => {
  const x = of([1, 2, 3, 4], [1, 4, 1]);
  test.each<readonly [weight: readonly number[], shape: Shape, groups: number, z: readonly number[]]>([
    [[1, 10, 100, 1000], [1, 4, 1], 1, [4320]],
    [[1, 0, 0, 1, 1, 0, 0, 1], [4, 2, 1], 2, [1, 2, 3, 4]],
    [[1, 10, 100, 1000], [2, 2, 1], 2, [21, 4300]],
    [[1, 10, 100, 1000], [4, 1, 1], 4, [1, 20, 300, 4000]],
    [[1, 2, 3, 4, 5, 6, 7, 8], [8, 1, 1], 4, [1, 2, 6, 8, 15, 18, 28, 32]],
  ])("the weight %j of shape [%s] in %s groups gives", (weight, shape, groups, z) => {
    expect(elementsOf(conv(x, of(weight, shape), { groups }))).toEqual(z);
  });

  test("the bias is one an output, and every batch is alike", () => {
    const y = conv(of([1, 2, 3, 4], [2, 1, 2]), of([1, 10], [2, 1, 1]), { bias: of([0.5, 100]) });
    expect(elementsOf(y)).toEqual([1.5, 2.5, 110, 120, 3.5, 4.5, 130, 140]);
  });
});

describe("what is refused", () => {
  const image = input("image", [1, 4, 5, 5]) as Tensor<Shape, "fp16">;
  const refused = (x: Tensor<Shape, "fp16">, weight: Tensor<Shape, "fp16">, options: Options = {}) =>
    refusalOf(() => conv(x, weight, options));

  test.each<readonly [x: Shape, rank: number]>([
    [[], 0],
    [[1], 1],
    [[1, 1], 2],
    [[1, 1, 1, 1, 1, 1], 6],
  ])("x of shape [%s]", (x, rank) => {
    expect(refused(ones(x), ones(x))).toBe(`conv: x must have rank 3 to 5, not ${rank}`);
  });

  test("a weight of another rank", () => {
    expect(refused(image, ones([1, 4, 1]))).toBe("conv: weight has rank 3, x has rank 4");
    expect(refused(image, ones([1, 4, 1, 1, 1]))).toBe("conv: weight has rank 5, x has rank 4");
  });

  test.each<readonly [says: string, options: Options]>([
    ["strides has 3 numbers; 2 are needed", { strides: [1, 1, 1] }],
    ["strides [1,0] is out of range", { strides: [1, 0] }],
    ["strides [-1,1] is out of range", { strides: [-1, 1] }],
    ["dilations has 1 numbers; 2 are needed", { dilations: [1] }],
    ["dilations [0,1] is out of range", { dilations: [0, 1] }],
    ["pad has 2 numbers; 4 are needed", { pad_type: "custom", pad: [1, 1] }],
    ["pad [0,0,0,-1] is out of range", { pad_type: "custom", pad: [0, 0, 0, -1] }],
    ["pad is used only with pad_type custom, not valid", { pad: [0, 0, 0, 1] }],
    ["pad is used only with pad_type custom, not same", { pad_type: "same", pad: [1, 1, 1, 1] }],
    ['"pad_type" must be valid or same or same_lower or custom, not "full"', loose({ pad_type: "full" })],
    ["the kernel [2,2] is larger than the padded x", { dilations: [1, 5] }],
    ["bias is [4], not [6]", { bias: ones([4]) }],
    ["bias is [1,6], not [6]", { bias: ones([1, 6]) }],
  ])("%s", (says, options) => {
    expect(refused(image, ones([6, 4, 2, 2]), options)).toBe(`conv: ${says}`);
  });

  test.each<readonly [groups: number, weight: Shape, says: string]>([
    [0, [6, 4, 1, 1], "groups 0 must divide the 4 channels of x and the 6 of weight"],
    [-1, [6, 4, 1, 1], "groups -1 must divide the 4 channels of x and the 6 of weight"],
    [-2, [6, 2, 1, 1], "groups -2 must divide the 4 channels of x and the 6 of weight"],
    [3, [6, 1, 1, 1], "groups 3 must divide the 4 channels of x and the 6 of weight"],
    [2, [3, 2, 1, 1], "groups 2 must divide the 4 channels of x and the 3 of weight"],
    [1, [6, 2, 1, 1], "x has 4 channels in 1 groups, weight takes 2 per group"],
    [2, [6, 4, 1, 1], "x has 4 channels in 2 groups, weight takes 4 per group"],
  ])("%s groups with a weight of shape [%s]", (groups, weight, says) => {
    expect(refused(image, ones(weight), { groups })).toBe(`conv: ${says}`);
  });

  test("a kernel may just fill the padded x, along each axis", () => {
    expect(conv(image, ones([6, 4, 5, 5])).type.shape).toEqual([1, 6, 1, 1]);
    expect(conv(image, ones([6, 4, 7, 5]), { pad_type: "custom", pad: [1, 1, 0, 0] }).type.shape).toEqual([1, 6, 1, 1]);
    expect(refused(image, ones([6, 4, 5, 6]))).toBe("conv: the kernel [5,6] is larger than the padded x");
  });

  test("dilations of a weight that is known at run time alone", () => {
    const [known, late] = [weight("w", [4, 4, 2, 2]), input("k", [4, 4, 2, 2])] as const;
    expect(conv(image, known, { dilations: [1, 2] }).type.shape).toEqual([1, 4, 4, 3]);
    expect(conv(image, late, { dilations: [1, 1] }).type.shape).toEqual([1, 4, 4, 4]);
    const says = "conv: dilations need a weight that is known at compile time";
    expect(refused(image, late, { dilations: [1, 2] })).toBe(says);
    expect(refused(image, late, { dilations: [2, 1] })).toBe(says);
  });

  test("a weight or a bias of another dtype", () => {
    const single = loose<Tensor<Shape, "fp16">>(ones([6], "fp32"));
    expect(refused(image, loose(ones([6, 4, 1, 1], "fp32")))).toBe("conv: dtypes differ: x is fp16, weight is fp32");
    expect(refused(image, ones([6, 4, 1, 1]), { bias: single })).toBe("conv: dtypes differ: x is fp16, bias is fp32");
  });
});

test.each([1, 2, 3])("what is left out stands for ones and zeros, %s spatial axes long", (spatial) => {
  const each = (value: number, count = spatial) => new Array<number>(count).fill(value);
  const x = ones([1, 1, ...each(2)]);
  expect((conv(x, x).def as OpDef).attrs).toEqual({
    strides: each(1),
    pad_type: "valid",
    pad: each(0, 2 * spatial),
    dilations: each(1),
    groups: 1,
  });
});

test("it asks only of axes that are padded whether a place is inside, and only of several groups which it is", () => {
  const [x, kernel] = [ones([1, 4, 3, 4]), ones([2, 4, 2, 2])];
  const asked = (options: Options) => questionsOf(conv(x, kernel, options));
  expect(asked({})).toEqual([]);
  expect(asked({ pad_type: "custom", pad: [0, 0, 1, 0] })).toEqual(["within 4"]);
  expect(asked({ pad_type: "custom", pad: [0, 1, 0, 0] })).toEqual(["within 3"]);
  expect(asked({ pad_type: "same" })).toEqual(["within 3", "within 4"]);
  expect(questionsOf(conv(x, ones([6, 2, 1, 1]), { groups: 2 }))).toEqual(["reindex 6 to 2,3"]);
});
