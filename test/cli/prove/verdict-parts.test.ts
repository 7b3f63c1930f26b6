/** Figures and terms as a person reads them: two that differ never look the same, and nothing of the difference is cut away. */

import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { partingTerms } from "../../../src/cli/verdict/parting.ts";
import { figure } from "../../../src/dsl/figure.ts";
import { graphc } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

const SEED = 20261127;

test.each([
  [0.25, 0, "0.25"],
  [3.0000001e-8, 0, "3e-8"],
  [0.0003514289855957031, 1, "0.000351"],
  [0.0003514289855957031, 0.0003514285, "0.000351429"],
  [65504, 65505, "65504"],
  [-0, 0, "-0"],
  [Number.NEGATIVE_INFINITY, 1, "-Infinity"],
])("%d beside %d is %s", (value, other, shown) => {
  expect(figure(value, other)).toBe(shown);
});

test("two numbers that differ are two figures, each near its number", () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  const near = fc.tuple(number, fc.integer({ min: -4, max: 4 })).map(([x, k]) => [x, x + k * Math.abs(x) * 2 ** -50]);
  fc.assert(
    fc.property(fc.oneof(fc.tuple(number, number), near), ([a, b]) => {
      const [x, y] = [a!, b!];
      if (x !== y) expect(figure(x, y)).not.toBe(figure(y, x));
      expect(Math.abs(Number(figure(x, y)) - x)).toBeLessThanOrEqual(Math.abs(x) * 5e-3);
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

test("of terms that differ the difference stays, with what stands beside it", () => {
  const long = (middle: string) => `sum{4}(${"aaaa · ".repeat(20)}${middle}${" · bbbb".repeat(20)})`;
  const [one, other] = partingTerms(long("exp(x)"), long("exp(y)"));
  expect(one).toMatch(/^… (aaaa · )+exp\(x\)( · bbbb)+ · …$/);
  expect(other).toBe(one.replace("exp(x)", "exp(y)"));
  expect(one.length).toBeLessThan(100);
});

test("shortened terms are what is left of their terms, and differ where these do", () => {
  const term = fc
    .array(fc.constantFrom("a", "b", "(", ")", " + ", " · "), { maxLength: 120 })
    .map((all) => all.join(""));
  const pair = fc
    .tuple(term, term, term, term)
    .map(([head, a, b, tail]) => [head + a + tail, head + b + tail] as const);
  fc.assert(
    fc.property(pair, ([a, b]) => {
      const cut = partingTerms(a, b);
      if (a !== b) expect(cut[0]).not.toBe(cut[1]);
      for (const [k, whole] of [a, b].entries()) {
        const kept = cut[k]!.replace(/^… /, "").replace(/ …$/, "");
        expect(whole).toContain(kept);
      }
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

test("a proof in short keeps to its width, rounds no bound and hides no denial", async () => {
  const brief = (text: string) => text.replaceAll(/\s+/g, " ");
  const { out } = await graphc(["prove", join(ROOT, "examples/attention.ts")]);
  expect(out.split("\n").filter((line) => line.length > 100)).toEqual([]);
  expect(brief(out)).toContain("if the host keeps P1-P4 P6-P8 (scores at most 4944), and attn_mask, kv_write_mask are");
  const denied = await graphc(["prove", join(ROOT, "test/data/prover/h16-accumulator-corollary.ts")]);
  expect(brief(denied.out)).toContain("not claimed: accepting a part of the block, rejected rows, padding, positions;");
});

test("what is cited behind a consequence is printed as a condition", async () => {
  for (const file of ["examples/attention.ts", "test/data/prover/h10-two-positions.ts"]) {
    const { out } = await graphc(["prove", join(ROOT, file), "--explain"]);
    const cited = [...out.replaceAll(/\s+/g, " ").matchAll(/\[(P[P0-9', ]+)\]/g)].flatMap(([, ids]) =>
      ids!.split(", "),
    );
    expect(cited.length).toBeGreaterThan(0);
    for (const id of cited) expect(out).toMatch(new RegExp(`^ {4}${id} \\S`, "m"));
  }
});

test("--explain is refused beside --json, which tells all anyway", async () => {
  const { code, out } = await graphc(["prove", join(ROOT, "examples/attention.ts"), "--json", "--explain"]);
  expect(code).toBe(2);
  expect(JSON.parse(out).error.message).toContain("--explain does nothing");
});

test("parity in short shows what was exercised and no row of a yes; of a no the first rows that differ", async () => {
  const argv = ["parity", join(ROOT, "examples/attention.ts"), "--max-seq", "64"];
  const yes = await graphc(argv);
  expect(yes.out).not.toContain("hidden[0]");
  expect(yes.out).toContain("taken for granted: attn_mask, kv_write_mask are what their names say");
  expect(yes.out.replaceAll(/\s+/g, " ")).toMatch(
    /exercised: \d+ tokens in .* EQUAL: every bit of every token and state/,
  );
  const no = await graphc([...argv, "--accumulate", "fp16:32/256"]);
  expect(no.code).toBe(1);
  const rows = no.out.split("\n").filter((line) => / (differ|equal) /.test(line));
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.filter((line) => !line.includes(" differ "))).toEqual([]);
  expect(no.out).toMatch(/^and \d+ more; --explain shows every row$/m);
  expect((await graphc([...argv, "--explain"])).out).toMatch(/hidden\[0\] +0 +equal/);
});
