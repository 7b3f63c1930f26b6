/** The prover's rules: each holds on numbers, and each condition is needed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { roundFp16 } from "../../../../src/dsl/number.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { RULES, rulesOf, ruleTable } from "../../../../src/passes/prove/rules/rule-book.ts";
import { bookWithout } from "../../../support/prove/broken.ts";
import { DUALS } from "../../../support/prove/duals.ts";
import { ROOT } from "../../../support/root.ts";

/** Rules whose only condition is a precondition of the data, which the verdict lists. */
const BY_PRECONDITION = ["mask-two-valued", "cancel", "write-mask-padding"];
const ALL = rulesOf(RULES);

const claims = (name: string, broken: boolean): boolean => {
  const { block, step, level } = DUALS[name]!;
  const verdict = prove(block, step, {
    counterexample: false,
    secondOpinion: false,
    corollaries: false,
    rules: broken ? bookWithout(name) : RULES,
  });
  return verdict.verdict === "PROVEN" && (level === undefined || verdict.level === level);
};

test("every rule has a dual", () => {
  const missing = ALL.map((rule) => rule.name).filter((name) => !(name in DUALS) && !BY_PRECONDITION.includes(name));
  expect(missing).toEqual([]);
});

describe("a condition is needed", () => {
  test.each(Object.keys(DUALS))("%s", (name) => {
    expect({ broken: claims(name, true), whole: claims(name, false) }).toEqual({ broken: true, whole: false });
  });
});

const EDGES = [
  0,
  1,
  2,
  5,
  7,
  -1,
  0.5,
  -3,
  -10_000,
  -104,
  1 / 3,
  1e-3,
  6e-5,
  6e-8,
  2 ** -24,
  65504,
  -65504,
  2049,
  1e-30,
  3e38,
  2 ** -149,
];

describe("a scalar lemma holds on edge values", () => {
  test.each(ALL.map((rule) => [rule.name, rule] as const))("%s", (_, { lemma, tag }) => {
    const { arity, left, right, holds = () => true } = lemma;
    const same = (a: number, b: number) =>
      tag === "reals" ? Math.abs(a - b) <= 1e-9 * (Math.abs(a) + Math.abs(b)) : a === b;
    let tried = 0;
    const wrong: string[] = [];
    for (const round of [roundFp16, Math.fround]) {
      const values = EDGES.map(round).filter(Number.isFinite);
      const draw = (k: number): number[][] =>
        k === 0 ? [[]] : draw(k - 1).flatMap((rest) => values.map((x) => [...rest, x]));
      for (const x of draw(arity)) {
        if (!holds(...x)) continue;
        const [a, b] = [left(round, ...x), right(round, ...x)];
        if (!Number.isFinite(a) && !Number.isFinite(b)) continue;
        tried++;
        if (!same(a, b)) wrong.push(`${x}: ${a} and ${b}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(0);
  });
});

/** The page with its table of rules as the code prints it; `-u` writes it. */
test("docs/equivalence.md holds the table that the rules print", async () => {
  const page = readFileSync(join(ROOT, "docs/equivalence.md"), "utf8");
  const table = /\| Rule \|[\s\S]*?\|\n(?=\n)/;
  expect(page).toMatch(table);
  await expect(page.replace(table, () => `${ruleTable()}\n`)).toMatchFileSnapshot(join(ROOT, "docs/equivalence.md"));
});
