/** A claim for any number of cache rows about an author's file is one about what the file builds beside another number. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderOf, graphc } from "../../support/cli.ts";

interface Text {
  /** What a block does to scores and values, which are those of its step beside 8 rows. */
  readonly block?: string;
  readonly rows?: string;
  readonly first?: string;
}

/** Attention of one head on a cache of `rows` rows, of which the scores are scaled. */
const fileOf = ({ block = "", rows = "S", first = "" }: Text, name = "seen.ts"): string =>
  join(
    folderOf({
      [name]: `import { add, graph, input, matmul, mul, reduce_sum, slice_by_index, softmax, state, sub, weight } from "graphc";
export default function seen({ tokens: T, maxSeq }) {
  ${first}
  const S = ${rows === "S" ? "maxSeq" : rows};
  const [x, mask, slot] = [input("x", [1, 1, T, 4]), input("attn_mask", [1, 1, T, S]), input("kv_write_mask", [1, 1, S, T])];
  const old = state("k", [1, 1, S, 4]);
  const kept = sub(1, reduce_sum(slot, { axes: [3], keep_dims: true }));
  const K = add(mul(old, kept), matmul(slot, matmul(x, weight("k", [4, 4]))));
  let [scores, seen] = [add(matmul(x, K, { transpose_y: true }), mask), K];
  if (T > 1) { ${block} }
  return graph({ name: "seen", inputs: [x, mask, slot], states: [[old, K]], outputs: { y: matmul(softmax(scores, { axis: 3 }), seen) } });
}
`,
    }),
    name,
  );

const SLICED = `scores = slice_by_index(scores, [0, 0, 0, 0], [1, 1, T, 8]); seen = slice_by_index(seen, [0, 0, 0, 0], [1, 1, 8, 4]);`;
const SCALED = "seen = mul(seen, S / 8);";
const SIZE = ["--max-seq", "8", "--tokens", "2"] as const;

/** What a command says of how many rows there are. */
async function said(...argv: readonly string[]) {
  const { code, out } = await graphc([...argv, ...SIZE, "--json"]);
  const { claim, certificate } = JSON.parse(out);
  return { code, claim, any: certificate.anyCacheSize };
}
const PROVEN = { code: 0, claim: "PROVEN (exact)" };

describe("prove", () => {
  test.each<readonly [string, Text, boolean]>([
    ["follows the rows", {}, true],
    ["follows an even number of rows", { first: `if (maxSeq % 2) throw new Error("odd");` }, true],
    ["slices as many as there are", { block: SLICED }, false],
    ["multiplies by a number that is one here, and takes the number of rows", { block: SCALED }, false],
    ["asks for no other number", { first: `if (maxSeq !== 8) throw new Error("8 rows alone");` }, false],
    ["does not look at the number", { rows: "8" }, false],
    ["builds one token there", { first: "if (maxSeq > 8) T = 1;" }, false],
  ])("a text that %s", async (_, text, any) => {
    expect(await said("prove", fileOf(text))).toEqual({ ...PROVEN, any });
  });

  test("beside another number of rows the sliced one is no proof, and the scaled one is refuted", async () => {
    const at = async (text: Text) => (await graphc(["prove", fileOf(text), "--max-seq", "9", "--tokens", "2"])).out;
    expect(await at({ block: SLICED })).toMatch(/^(NOT PROVEN|REFUTED)/);
    expect(await at({ block: SCALED })).toMatch(/^REFUTED/);
  });
});

test("equal", async () => {
  const claim = { code: 0, claim: "PROVEN (exact)" };
  const say = async (...texts: readonly Text[]) => {
    const { code, out } = await graphc([
      "equal",
      ...texts.map((text, k) => fileOf(text, `${k}.ts`)),
      ...SIZE,
      "--json",
    ]);
    const record = JSON.parse(out);
    return { code, claim: record.claim, any: record.anyCacheSize };
  };
  expect(await say({}, {})).toEqual({ ...claim, any: true });
  expect(await say({}, { block: SCALED })).toEqual({ ...claim, any: false });
  expect(await say({ block: SLICED }, {})).toEqual({ ...claim, any: false });
});

test("emit writes it into the certificate", async () => {
  const certified = async (text: Text) => {
    const out = join(folderOf({}), "b");
    expect((await graphc(["emit", fileOf(text), ...SIZE, "--out", out])).code).toBe(0);
    return JSON.parse(readFileSync(join(out, "seen.certificate.json"), "utf8")).anyCacheSize;
  };
  expect([await certified({}), await certified({ block: SLICED }), await certified({ block: SCALED })]).toEqual([
    true,
    false,
    false,
  ]);
});
