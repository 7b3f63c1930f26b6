/** The page of a folder that `graphc build` wrote. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { graphc, testFolder } from "../support/cli.ts";
import { tinyPhi } from "../support/tiny-phi.ts";
import { overlayIn, pageOf } from "../support/view.ts";

test("a build: its shards one behind the other, each proven, and nothing else beside it", async () => {
  const out = join(testFolder(), "model");
  const made = await graphc([
    "build",
    tinyPhi(),
    "--out",
    out,
    "--max-seq",
    "32",
    "--ahead-of-evidence",
    "--shards",
    "2,2",
  ]);
  expect(made).toMatchObject({ code: 0 });
  const { data } = await pageOf(out);
  expect(data.sections.map(({ title }) => title)).toEqual([
    "shard of layers 0 to 1: layer 0",
    "shard of layers 0 to 1: layer 1",
    "shard of layers 2 to 3: layer 2",
    "shard of layers 2 to 3: layer 3",
  ]);
  for (const n of [0, 1]) {
    expect(overlayIn(data, "proof").says.join("\n")).toMatch(
      new RegExp(`shard of layers ${2 * n} to ${2 * n + 1}: PROVEN`),
    );
    const hidden = data.nodes.flatMap(({ results }, k) => (results.includes("output hidden") ? [k] : []))[n]!;
    expect(overlayIn(data, "proof").marks.find(({ node }) => node === hidden)).toMatchObject({ short: "proven" });
    expect(data.sections[2 * n + 1]!.values).toContain(hidden);
  }
  for (const { operands } of data.nodes.slice(data.nodes.length / 2))
    for (const [, operand] of operands) expect(operand).toBeGreaterThanOrEqual(data.nodes.length / 2);
  const page = join(testFolder(), "view.html");
  const { code, err } = await graphc(["view", out, out, "--out", page]);
  expect([code, err, existsSync(page)]).toEqual([2, expect.stringContaining("is a build"), false]);
  writeFileSync(join(out, "phi4mini_runtime_meta.json"), "{}");
  expect((await graphc(["view", out, "--out", page])).err).toMatch(/is no manifest of a build: /);
});
