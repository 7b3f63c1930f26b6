/** What figures, times and drifts can be, at the very edges: each line is what the judge says, or nothing where it is possible. */
import { expect, test } from "vitest";
import type { Evidence } from "../../src/evidence/format/evidence.ts";
import type { FixtureManifest } from "../../src/evidence/format/fixtures-shape.ts";
import type { Drift } from "../../src/evidence/format/ran.ts";
import { compiledFinding } from "../../src/evidence/judge/attested.ts";
import { driftProblem, driftText } from "../../src/evidence/judge/drift.ts";
import { figuresProblem, tripleProblem } from "../../src/evidence/judge/figures.ts";
import { lastedProblem } from "../../src/evidence/judge/lasted.ts";
import { median, ranFinding } from "../../src/evidence/judge/ran.ts";
import { tableProblem } from "../../src/evidence/judge/residency.ts";

type Ratio = number | "Infinity";
const figures = (relativeL2: Ratio, worstOverRms: Ratio, oneMinusCosine: Ratio) => ({
  relativeL2,
  worstOverRms,
  oneMinusCosine,
  finite: true,
});

/** ‖a−b‖ / ‖b‖, max|a−b| over the rms of b, 1 − cos; how many elements. */
test.each<[says: string | undefined, ReturnType<typeof figures>, size: number]>([
  [undefined, figures(0, 0, 0), 4],
  // A row of one element, or of equal differences: the worst is the mean.
  [undefined, figures(0.5, 0.5, 0), 1],
  ["relative L2 0.5 is above worst/rms 0.4999999", figures(0.5, 0.4999999, 0), 1],
  // All of the difference in one element of four.
  [undefined, figures(0.5, 1, 0), 4],
  ["worst/rms 1.0000001 is above √4 times relative L2 0.5", figures(0.5, 1.0000001, 0), 4],
  // The angle of the largest sine that e allows, and one rounding more.
  [undefined, figures(0.5, 0.5, 0.25 + 5 * 2 ** -54), 1],
  ["1-cos 0.2500000001 is above the square of relative L2 0.5", figures(0.5, 0.5, 0.2500000001), 1],
  // A short row that points the other way: e is hardly above 1, and the angle a straight one.
  [undefined, figures(1.001, 1.001, 1.99), 1],
  ["1-cos 1.5 is above the square of relative L2 1", figures(1, 1, 1.5), 1],
  // A reference of zeros has no ratios to hold against each other.
  [undefined, figures("Infinity", 1, 0), 1],
  [undefined, figures(1, "Infinity", 0), 1],
  [undefined, figures(0.1, 0.1, "Infinity"), 1],
])("%s: figures %j of %i elements", (says, one, size) => {
  expect(figuresProblem(one, size)).toBe(says);
});

const row = (relativeL2: Ratio) =>
  ({ equalBits: relativeL2 === 0, figures: { relativeL2, finite: true } }) as Parameters<
    typeof tripleProblem
  >[0]["blockSteps"] & {};

/** Block against steps, block against fp64, steps against fp64. */
test.each<[says: string | undefined, Ratio, Ratio, Ratio]>([
  [undefined, 0, 0, 0],
  [undefined, 2 ** -40, 0, 0],
  ["further apart", 2 ** -39, 0, 0],
  [undefined, 0.1, 0.3, 0.3],
  // ‖s‖ may be half of ‖x‖, so that the distance between the two counts half.
  [undefined, 1, 0.1, 0.5],
  ["further apart", 1.3, 0.1, 0.5],
  // ‖s‖ may be half as much again.
  [undefined, 0.5, 1.25, 0.5],
  ["too near each other", 0.5, 1.2501, 0.5],
  ["too near each other", 0.1, 0.1, 0.3],
  // Of a step that may be zero nothing follows.
  [undefined, 0.1, 10, 1],
  [undefined, "Infinity", 0.1, 0.1],
  [undefined, 0.1, "Infinity", 0.1],
  [undefined, 0.1, 0.1, "Infinity"],
])("%s: %d of block from steps, %d and %d from fp64", (says, apart, block, steps) => {
  const problem = tripleProblem({ blockSteps: row(apart), blockExact: row(block), stepsExact: row(steps) });
  if (says === undefined) expect(problem).toBeUndefined();
  else expect(problem).toContain(says);
});

const ran = (...wallMs: readonly number[]) =>
  ({
    started: "2025-11-27T06:00:00Z",
    finished: "2025-11-27T06:00:01Z",
    crossCheck: wallMs.map((ms) => ({ engine: { wallMs: ms }, cpuOnly: { wallMs: 0 } })),
  }) as unknown as Evidence;

test("a gate lasts as long as its predictions, to the second", () => {
  expect(lastedProblem(ran(1500, 500))).toBeUndefined();
  expect(lastedProblem(ran(1500, 501))).toBe("it lasted 2 s at most, and its loads and predictions 2.00 s");
  // What took less than no time makes up for nothing.
  expect(lastedProblem(ran(3000, -2000))).toBe("it lasted 2 s at most, and its loads and predictions 3.00 s");
});

const HIDDEN = { name: "hidden", tokenAxis: 3, residual: "x" };
const SIZES = new Map([["hidden", 4]]);
const outputs = (...all: readonly object[]) => ({ outputs: all }) as unknown as FixtureManifest;
const chain = (...all: readonly object[]) =>
  ({ output: "hidden", input: "x", depths: all.map((one, n) => ({ depth: n + 1, figures: one })) }) as Drift;

test("what is chained is the output that comes back, wherever it stands", () => {
  const drift = chain(figures(0, 0, 0));
  expect(driftProblem(outputs({ name: "k", tokenAxis: 3 }, HIDDEN), drift, SIZES)).toBeUndefined();
  expect(driftProblem(outputs({ name: "hidden", tokenAxis: 3 }), drift, SIZES)).toContain(
    "no output of this build is its next input",
  );
});

test.each<[says: string | undefined, ReturnType<typeof chain>]>([
  // Nothing is nearer than equal bits; and zeros have no ratio.
  [undefined, chain(figures(0, 0, 0), figures("Infinity", "Infinity", 1))],
  [undefined, chain(figures(0, 0, 0), { finite: false })],
  [
    "layer 2 of the chain: it is not finite and has figures",
    chain(figures(0, 0, 0), { finite: false, relativeL2: 0.1 }),
  ],
  ["layer 1 of the chain: its figures are 0, , 0", chain({ relativeL2: 0, worstOverRms: 0, finite: true })],
])("%s: a drift", (says, drift) => {
  expect(driftProblem(outputs(HIDDEN), drift, SIZES)).toBe(says);
});

test("a drift is told by its first and its last layer", () => {
  expect(driftText(chain(figures(1e-3, 1, 0), figures(2e-3, 1, 0), figures(4.4e-3, 1, 0)))).toBe(
    "the engine's hidden is 1.0e-3 from the CPU's after one layer, 4.4e-3 after 3",
  );
  expect(driftText(chain(figures(1e-3, 1, 0), { finite: false }))).toContain("after one layer, not finite after 2");
});

test("two functions of one package compile to one folder, two packages do not", () => {
  const compiledTo = (block: string, step: string) =>
    compiledFinding({
      packages: [
        { role: "block", name: block, compiledSHA256: "a" },
        { role: "step", name: step, compiledSHA256: "a" },
      ],
      attested: ["block", "step"].map((role) => ({ role, compiledSHA256: "a" })),
    } as unknown as Evidence);
  expect(compiledTo("x.mlpackage", "x.mlpackage").status).toBe("yes");
  expect(compiledTo("x.mlpackage", "y.mlpackage")).toMatchObject({
    status: "no",
    note: "x.mlpackage and y.mlpackage compiled to the same folder",
  });
});

test("where there is one prediction its outputs are like no other's", () => {
  const run = (sha256: string, cpuMs: number) => ({ sha256, wallMs: 4, cpuMs });
  const crossCheck = (["block", "step"] as const).map((role) => ({
    role,
    call: 0,
    ...(role === "step" ? { token: 0 } : {}),
    engine: run(`${role} engine`, 1),
    cpuOnly: run(`${role} CPU`, 2),
  }));
  const [block, call] = [{ tokens: 1 }, { steps: [0], draw: { kind: "usual" } }];
  const once = { block, calls: [call] } as unknown as FixtureManifest;
  expect(ranFinding(once, { crossCheck } as unknown as Evidence).status).toBe("yes");
  const twice = { block, calls: [call, call] } as unknown as FixtureManifest;
  const same = [...crossCheck, ...crossCheck.map((one) => ({ ...one, call: 1 }))].sort((a, b) =>
    a.role < b.role ? -1 : 1,
  );
  expect(ranFinding(twice, { crossCheck: same } as unknown as Evidence).note).toBe(
    "block: every prediction gave the same outputs",
  );
});

test("the middle one is that of the sizes, wherever they stand", () => {
  expect(median([7])).toBe(7);
  expect(median([9, 1, 2])).toBe(2);
  expect(median([1, 9, 2])).toBe(2);
  expect(median([10, 1, 100, 2])).toBe(6);
  expect(median([2, 1, 10, 4, 100, 3])).toBe(3.5);
});

const planned = (kind: string, ...values: readonly string[]) => ({
  path: `main.block.operations[${values[0] ?? kind}]`,
  kind,
  values,
  device: kind === "const" ? ("undetermined" as const) : ("Neural Engine" as const),
  supported: ["Neural Engine" as const],
});
const program = (...operations: readonly ReturnType<typeof planned>[]) => ({ function: "main", operations });

test("an operation is named by its kind and its values", () => {
  const two = program(planned("split", "a", "b"), planned("coreml_update_state"));
  expect(tableProblem([], two)).toBe("split a, b stands 1 times in the package and 0 times in the plan");
  expect(tableProblem([two.operations[0]!], two)).toBe(
    "coreml_update_state stands 1 times in the package and 0 times in the plan",
  );
  expect(tableProblem([...two.operations, planned("relu", "c")], two)).toBe(
    "relu c is in the plan and not in the package",
  );
});
