/** Converted packages on which the prover was wrong once, each pair with the verdict that is right. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { graphc } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

interface Case {
  readonly file: string;
  readonly verdict: RegExp;
  /** What else must and must not be said. */
  readonly says?: RegExp;
  readonly saysNot?: RegExp;
}

/** Packages that coremltools converted from PyTorch, by the name that the block of four tokens and the step share. */
const PAIRS: readonly Case[] = [
  { file: "hf_llama_maskgraph", verdict: /^PROVEN \(exact\)/, says: /P2' w_t = w_0 \+ t/ },
  { file: "hf_llama_maskgraph_future", verdict: /^REFUTED/ },
  { file: "hf_llama_ropegraph", verdict: /^PROVEN \(exact\)/, says: /P2' w_t = w_0 \+ t/ },
  {
    file: "phi_no_erase",
    verdict: /^PROVEN/,
    says: /no {2}not claimed: the new row of/,
    saysNot: /yes any m|yes cache rows/,
  },
  { file: "opt_lut8_uniform", verdict: /^PROVEN \(exact\)/ },
];

test.each(PAIRS.map((it) => [it.file, it] as const))("%s", async (file, { verdict, says, saysNot }) => {
  const packages = ["t4", "t1"].map((end) => join(ROOT, "test/data/packages", `${file}_${end}.mlpackage`));
  const { out } = await graphc(["prove", ...packages, "--explain"]);
  expect(out).toMatch(verdict);
  if (says) expect(out).toMatch(says);
  if (saysNot) expect(out).not.toMatch(saysNot);
});
