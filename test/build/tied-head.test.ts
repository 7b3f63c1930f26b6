/** A head that is stored beside config.json's word that it is tied: transformers 5 leaves it untied where the numbers differ. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { graphc, testFolder } from "../support/cli.ts";
import { tinyPhiWithHead } from "../support/graphs/tiny-phi.ts";

const said = (command: string, folder: string) => {
  const size = command === "ranges" ? [] : ["--max-seq", "64"];
  const to = command === "build" ? ["--out", join(testFolder(), "out")] : [];
  return graphc([command, folder, ...size, ...to]);
};

test.each(["plan", "build", "ranges"])(
  "%s refuses a stored head that is no copy of the embedding, one number apart",
  async (command) => {
    const { code, err } = await said(command, tinyPhiWithHead(1));
    expect(code).toBe(2);
    expect(err).toContain(
      '"tie_word_embeddings" is true, and tensor "lm_head.weight" holds other numbers than the embedding; say false',
    );
  },
);

test("a copy of the embedding is the head", async () => {
  const { code, err } = await said("plan", tinyPhiWithHead(0));
  expect(err).not.toContain("other numbers");
  expect(code).toBe(0);
});
