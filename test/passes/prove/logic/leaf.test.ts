/** Leaves: told apart by kind, dtype and name, and shown by what people call them. */
import { expect, test } from "vitest";
import { type Leaf, leafKey, showLeaf } from "../../../../src/passes/prove/logic/leaf.ts";

const SHA = "0123456789abcdef";

test("two leaves have one key when they are the same", () => {
  const names = ["x", "y", "x fp16", ""];
  const make = (): readonly Leaf[] => [
    ...(["fp16", "fp32"] as const).flatMap((dtype) =>
      names.flatMap((name): readonly Leaf[] => [
        { of: "input", name, dtype },
        { of: "mask", name, dtype },
        { of: "state", name, dtype },
        { of: "weight", base: name, dtype },
        { of: "table", sha256: name, dtype },
        { of: "cut", number: names.indexOf(name), dtype },
      ]),
    ),
    { of: "column", token: 0, dtype: "bool" },
    { of: "column", token: 1, dtype: "bool" },
  ];
  expect(make().map(leafKey)).toEqual(make().map(leafKey));
  expect(new Set(make().map(leafKey)).size).toBe(make().length);
});

test.each<readonly [Leaf, string]>([
  [{ of: "input", name: "x", dtype: "fp16" }, "x"],
  [{ of: "mask", name: "attn", dtype: "fp16" }, "attn"],
  [{ of: "state", name: "k", dtype: "fp16" }, "k₀"],
  [{ of: "weight", base: "w_qkv", dtype: "fp16" }, "w_qkv"],
  [{ of: "weight", base: "w_\0qkv", dtype: "fp16" }, "w_qkv"],
  [{ of: "table", sha256: SHA, dtype: "fp16" }, "constant 01234567"],
  [{ of: "column", token: 2, dtype: "bool" }, "write mask of token 2"],
  [{ of: "cut", number: 3, dtype: "fp16" }, "cut 3"],
])("%j is shown as %s", (leaf, shown) => {
  expect(showLeaf(leaf)).toBe(shown);
});
