/** Pairs that do not meet: parity refuses them in the sentence of prove, author's files and packages alike. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderOf, graphc } from "../../support/cli.ts";

/** An author's file whose block and step differ in what `parts` makes of T. */
const file = (parts: string): string => `import { add, cast, graph, input, state } from "graphc";
export default function g({ tokens: T }) {
  const x = input("x", [1, 8, T, 1]);
  const y = add(x, 1);
  const s = state("s", [1, 8]);
  const other = state("other", [1, T > 1 ? 8 : 4]);
  return graph({ name: T > 1 ? "block" : "step", inputs: [x], ${parts} });
}
`;

const MISMATCHED: readonly (readonly [what: string, parts: string, sentence: RegExp])[] = [
  ["an output of the step alone", "outputs: T > 1 ? { y } : { y, z: add(x, 2) }", /output "z" of \S+ is missing in/],
  ["an output of the block alone", "outputs: T > 1 ? { y, z: add(x, 2) } : { y }", /output "z" of \S+ is missing in/],
  ["outputs of other names", "outputs: T > 1 ? { y } : { z: y }", /output "y" of \S+ is missing in/],
  [
    "outputs of other dtypes",
    'outputs: { y: T > 1 ? y : cast(y, { dtype: "fp32" }) }',
    /output "y" is fp16\S+ in the block, fp32/,
  ],
  [
    "a state of the block alone",
    "outputs: { y }, states: T > 1 ? [[s, add(s, 1)]] : []",
    /state "s" of \S+ is missing in/,
  ],
  [
    "a state of the step alone",
    "outputs: { y }, states: T > 1 ? [] : [[s, add(s, 1)]]",
    /state "s" of \S+ is missing in/,
  ],
  [
    "states of other shapes",
    "outputs: { y }, states: [[other, add(other, 1)]]",
    /state "other" is fp16\[1,8\] in the block/,
  ],
];

const refusal = async (...argv: readonly string[]): Promise<string> => {
  const { code, out, err } = await graphc(argv);
  expect({ code, out }, err).toEqual({ code: 2, out: "" });
  return err.split("\n")[0]!;
};

test.each(MISMATCHED)("%s", async (_, parts, sentence) => {
  const folder = folderOf({ "g.ts": file(parts) });
  const path = join(folder, "g.ts");
  const refused = await refusal("parity", path);
  expect(refused).toMatch(sentence);
  expect(await refusal("prove", path)).toBe(refused);
  // Each side by itself becomes a package without trouble, and the two are refused as the file is.
  for (const tokens of ["4", "1"]) {
    const build = `import g from "./g.ts"; export default (size: { tokens: number }) => g({ ...size, tokens: ${tokens} });`;
    const one = join(folderOf({ "one.ts": build, "g.ts": file(parts) }), "one.ts");
    const emitted = await graphc(["emit", one, "--tokens", "1", "--out", join(folder, tokens), "--no-prove"]);
    expect(emitted.code, emitted.err).toBe(0);
  }
  const packages = ["4", "1"].map((tokens) => join(folder, tokens, "one.t1.mlpackage"));
  const both = await refusal("parity", ...packages);
  expect(both).toMatch(sentence);
  expect(await refusal("prove", ...packages)).toBe(both);
});
