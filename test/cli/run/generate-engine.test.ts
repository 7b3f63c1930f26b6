/** `graphc generate --arithmetic engine`: the tokens of the engine's arithmetic, beside those of fp16. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { expectRefusal, graphc, testFolder } from "../../support/cli.ts";
import { tinyPhi } from "../../support/graphs/tiny-phi.ts";

test("says its tokens, whether fp16 says them too, and the drift from it", async () => {
  const folder = join(testFolder(), "model");
  const build = ["build", tinyPhi(), "--out", folder, "--max-seq", "32", "--ahead-of-evidence"];
  expect((await graphc(build)).code).toBe(0);
  const argv = ["generate", folder, "--prompt-ids", "1,2,3", "--max-new", "3"];
  const { code, out } = await graphc([...argv, "--arithmetic", "engine"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^\d+(,\d+)*\nthe engine's arithmetic, as measured on M4/);
  expect(out).toMatch(/likeliest tokens are those of fp16 .*; KL from it/s);
  const json = JSON.parse((await graphc([...argv, "--arithmetic", "engine:m6", "--json"])).out);
  expect(json.fp16.join()).toBe((await graphc(argv)).out.split("\n")[0]);
  expect(json.sameTokens).toBe(json.tokens.join() === json.fp16.join());
  // The logits are those of another arithmetic, if its tokens are the same.
  expect(json.meanKl).toBeGreaterThan(0);
  expect(json.arithmetic).toMatchObject({ name: "m6", evidence: "measured" });
  await expectRefusal(
    [...argv, "--arithmetic", "engine", "--check"],
    "--arithmetic does nothing beside --check; leave one of them out",
  );
});
