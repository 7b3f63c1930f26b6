/** The ceiling of a masked-out entry: base + count·B is never exceeded, whatever is added within B. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ceilingOf } from "../../../../src/passes/prove/logic/ceiling.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { close } from "../../../../src/passes/prove/logic/lambda.ts";
import { num, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Mode } from "../../../../src/passes/prove/logic/setting.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { attempt, termValue, within } from "../../../support/prove/term-value.ts";

const NAMES = ["a", "b", "d"] as const;

/** Terms of one attempt: unknown numbers, and what is done to a masked-out one. */
const language = (c: Context) => {
  const unknown = (name: string): Term => raw(c, { kind: "leaf", leaf: { of: "input", name, dtype: "fp16" } }, []);
  const rounded = (t: Term): Term => scalar.round(c, "fp16", t);
  return {
    unknown,
    rounded,
    entry: (name: string): Term => rounded(scalar.add(c, unknown(name), num(c, -10_000))),
    plus: (t: Term, by: Term): Term => scalar.add(c, t, by),
    minus: (t: Term, by: Term): Term => scalar.sub(c, t, by),
    scaled: (t: Term, k: number): Term => scalar.mul(c, t, num(c, k)),
    over: (t: Term, k: number): Term => scalar.div(c, t, num(c, k)),
    above: (t: Term, k: number): Term => scalar.maximum(c, [t, num(c, k)]),
    below: (t: Term, by: Term): Term => scalar.minimum(c, [t, by]),
    either: (x: Term, y: Term): Term =>
      scalar.select(
        c,
        scalar.compare(c, "less", unknown("a"), unknown("b")),
        () => x,
        () => y,
      ),
  };
};

describe("what is masked out", () => {
  const c = attempt();
  const { unknown, entry, plus, minus, scaled, over, above, below, either } = language(c);
  const [a, e] = [unknown("a"), entry("a")];

  test.each<readonly [string, Term, boolean]>([
    ["a score is not", a, false],
    ["a score and −10000", e, true],
    ["… and another score", plus(e, unknown("b")), true],
    ["… and a bias", plus(e, num(c, 3)), true],
    ["… scaled", scaled(e, 0.125), true],
    ["… turned round", scaled(e, -1), false],
    ["… and turned back", scaled(scaled(e, -3), -0.5), true],
    ["… times an unknown number", scalar.mul(c, e, a), false],
    ["… less what lies as low", minus(e, entry("b")), false],
    ["… under a function", scalar.unary(c, "tanh", e), false],
    ["… over a number", over(e, 3), true],
    ["a number over it", scalar.div(c, num(c, 1), e), false],
    ["the larger of it and a score", scalar.maximum(c, [e, a]), false],
    ["the smaller of it and a score", below(e, a), true],
    ["the larger of it and a number", above(e, -5000), true],
    ["of two, whichever", either(e, entry("b")), true],
    ["of it and a score, whichever", either(e, a), false],
    ["as an int32", scalar.round(c, "int32", e), false],
  ])("%s", (_, t, out) => {
    expect(ceilingOf(t) !== undefined).toBe(out);
  });

  test("a bias that undoes the mask is counted", () => {
    expect(ceilingOf(plus(e, num(c, 10_000)))!.base).toBeGreaterThanOrEqual(0);
    expect(ceilingOf(scaled(e, 2 ** -13))!.base).toBeGreaterThan(-2);
    expect(ceilingOf(above(e, -5000))!.base).toBe(-5000);
    expect(above(e, -3)).toBe(num(c, -3));
  });

  test("of a maximum over masked-out entries, and of none over any others", () => {
    const v = ix.variable(c.store.indices, "v", 3);
    const at = raw(c, { kind: "leaf", leaf: { of: "state", name: "K", dtype: "fp16" } }, [], [v]);
    const largest = (t: Term): Term => close(c, "max", { kind: "interval", n: 3 }, v.atoms[0]!, t);
    const sum = (t: Term): Term => close(c, "sum", { kind: "interval", n: 3 }, v.atoms[0]!, t);
    const low = plus(at, num(c, -10_000));
    expect([largest(low), largest(at), sum(low)].map((t) => ceilingOf(t) !== undefined)).toEqual([true, false, false]);
    expect(ceilingOf(largest(low))).toEqual(ceilingOf(low));
  });
});

/** A term beside how it was made. */
interface Made {
  readonly t: Term;
  readonly says: string;
}

/** A random masked-out entry: some things done to it, one after another. */
function entries(c: Context): fc.Arbitrary<Made> {
  const l = language(c);
  const name = fc.constantFrom(...NAMES);
  return fc.letrec<{ made: Made }>((tie) => {
    const of = tie("made");
    const by = (sign: string, ks: readonly number[], f: (t: Term, k: number) => Term): fc.Arbitrary<Made> =>
      fc.tuple(of, fc.constantFrom(...ks)).map(([x, k]) => ({ t: f(x.t, k), says: `(${x.says} ${sign} ${k})` }));
    const withScore = (sign: string, f: (t: Term, y: Term) => Term): fc.Arbitrary<Made> =>
      fc.tuple(of, name).map(([x, y]) => ({ t: f(x.t, l.unknown(y)), says: `(${x.says} ${sign} ${y})` }));
    const ofTwo = (says: string, f: (x: Term, y: Term) => Term): fc.Arbitrary<Made> =>
      fc.tuple(of, of).map(([x, y]) => ({ t: f(x.t, y.t), says: `${says}(${x.says}, ${y.says})` }));
    return {
      made: fc.oneof(
        { depthSize: "medium", withCrossShrink: true },
        name.map((x) => ({ t: l.entry(x), says: `masked(${x})` })),
        withScore("+", l.plus),
        withScore("-", l.minus),
        withScore("min", l.below),
        // Small ones: a number below −1000 masks out by itself, and all beside it counts as a score then.
        by("+", [3, -0.1, 20, -20], (t, k) => l.plus(t, num(c, k))),
        by("*", [0.5, 0.1, 1.5, -1], l.scaled),
        by("/", [3, 2, -7], l.over),
        by("max", [-50, -4000, 7], l.above),
        of.map((x) => ({ t: l.rounded(x.t), says: `round(${x.says})` })),
        ofTwo("either", l.either),
        ofTwo("max", (x, y) => scalar.maximum(c, [x, y])),
      ),
    };
  }).made;
}

const RUNS = Number(process.env.CEILING_RUNS ?? 3000);

test.each<readonly [Mode, string]>([
  ["exact", "rounded at every step"],
  ["reals", "over the reals"],
])("no random entry exceeds it (%s: %s)", (mode) => {
  const c = attempt(mode);
  let found = 0;
  const world = fc.constantFrom(1, 64, 1000).chain((B) => fc.tuple(fc.constant(B), within(B), within(B), within(B)));
  const property = fc.property(entries(c), world, ({ t, says }, [B, ...numbers]) => {
    const ceiling = ceilingOf(t);
    if (!ceiling) return;
    found++;
    const leaf = (x: { name?: string }) => numbers[NAMES.indexOf(x.name as "a")]!;
    const value = termValue(t, { leaf: leaf as never, ...(mode === "reals" ? { step: (x: number) => x } : {}) });
    if (!Number.isFinite(value)) return;
    const most = ceiling.base + ceiling.count * B;
    // Over the reals both sides are reckoned in doubles.
    const noise = mode === "reals" ? 1e-9 * Math.abs(value) : 0;
    if (value - noise > most) throw new Error(`${says} is ${value} at ${numbers}, above ${most}`);
  });
  fc.assert(property, { numRuns: RUNS, seed: Number(process.env.CEILING_SEED ?? 4711) });
  expect(found).toBeGreaterThan(RUNS / 10);
});
