/** Author files on which the prover was wrong once, each with the verdict that is right. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { add, graph, input, mul } from "../../../src/index.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { graphc } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

interface Case {
  readonly file: string;
  /** The first line, and what else must and must not be said. */
  readonly verdict: RegExp;
  readonly says?: RegExp;
  readonly saysNot?: RegExp;
  readonly size?: readonly string[];
}

const SIZE = ["--tokens", "2", "--max-seq", "8"];
const CASES: readonly Case[] = [
  { file: "h01-masked-scores-output", verdict: /^REFUTED/ },
  // −10000 · 0.1 against a scaled score, a bias and the maximum: 2.1 · B + 104 must fit into 1000, less what roundings to fp16 add.
  { file: "h04-bias-after-scale", verdict: /^PROVEN \(exact\)/, says: /at most 425$/m, saysNot: /at most 4479/ },
  // −10000 against a score, a bias and the maximum: 3 · B + 104 must fit.
  { file: "h05-bias-after-mask", verdict: /^PROVEN \(exact\)/, says: /at most 3293$/m, saysNot: /at most 4948/ },
  { file: "h06-int-wrap", verdict: /^REFUTED/, size: ["--tokens", "2", "--max-seq", "16"] },
  { file: "h08-slots-of-first-state", verdict: /^NOT PROVEN/, size: ["--tokens", "2"] },
  { file: "h10-two-positions", verdict: /^PROVEN \(exact\)/, says: /P10 .*same\s+ones:\s+.*position, cache_position/s },
  { file: "h13-negative-bound", verdict: /^REFUTED/, saysNot: /bound of P8/ },
  { file: "h15-shared-rope-row", verdict: /^PROVEN \(exact\)/, says: /P9 .*the same at every call: cos$/m },
  { file: "h16-accumulator-corollary", verdict: /^PROVEN \(exact\)/, saysNot: /yes any m/ },
  { file: "h17-extra-step-state", verdict: /^error: state "count" of g_t1 is missing in g_t2/, saysNot: /fault/ },
  { file: "h18-weight-named-mask", verdict: /^REFUTED/ },
  { file: "b1-false-refuted-contiguous", verdict: /^NOT PROVEN/ },
  { file: "b3-bool-mask-refuted", verdict: /^PROVEN \(exact\)/ },
  { file: "c1-one-kv-head", verdict: /^PROVEN \(exact\)/ },
  { file: "c2-mask-per-head", verdict: /^PROVEN \(exact\)/ },
  { file: "c4-position-range", verdict: /^PROVEN \(exact\)/, says: /P2' w_t = w_0 \+ t/ },
];

test.each(CASES.map((it) => [it.file, it] as const))("%s", async (file, { verdict, says, saysNot, size = SIZE }) => {
  const path = join(ROOT, "test/data/prover", `${file}.ts`);
  const { code, out, err } = await graphc(["prove", path, ...size, "--explain"]);
  const text = out === "" ? err : out;
  expect(text).toMatch(verdict);
  if (says) expect(text).toMatch(says);
  if (saysNot) expect(text).not.toMatch(saysNot);
  expect(code).toBe(text.startsWith("PROVEN") ? 0 : text.startsWith("error") ? 2 : 1);
});

test("a chain of 2,000 ops that always reads its first value is proven, and one with a fault is not", () => {
  const chain = (tokens: number, last: number) => {
    const x = input("x", [tokens, 4]);
    let y = mul(x, 0.5);
    for (let k = 0; k < 1000; k++) y = mul(add(y, x), k === 999 ? last : 0.5) as typeof y;
    return graph({ name: "chain", inputs: [x], outputs: { y } });
  };
  const quiet = { counterexample: false, secondOpinion: false };
  expect(prove(chain(2, 0.5), chain(1, 0.5), quiet).verdict).toBe("PROVEN");
  expect(prove(chain(2, 0.25), chain(1, 0.5), quiet).verdict).toBe("NOT PROVEN");
});
