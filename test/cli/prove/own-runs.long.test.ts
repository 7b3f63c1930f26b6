/** Packages of true size are attacked with the weights that they hold. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { graphc } from "../../support/cli.ts";

test("prove runs both packages of Phi-4-mini at their size", async () => {
  const folder = mkdtempSync(join(tmpdir(), "graphc-own-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  expect((await graphc(["emit", "phi4-mini", "--no-prove", "--out", folder])).code).not.toBe(2);
  const [block, step] = ["t4", "t1"].map((size) => join(folder, `phi4-mini.layer0.${size}.mlpackage`));
  const { code, out } = await graphc(["prove", block!, step!, "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    verdict: "PROVEN",
    attacked: { runs: 2, met: 2, small: false, witness: { weights: "own", tokens: 4 } },
  });
}, 120_000);
