/** Tables of residency against programs that the small build has not: weights that are stored packed, constants alone, shares of the whole cost. */
import { expect, test } from "vitest";
import type { Evidence } from "../../src/evidence/format/evidence.ts";
import type { Program } from "../../src/evidence/judge/program.ts";
import { residentFinding } from "../../src/evidence/judge/residency.ts";
import type { Json } from "../support/evidence/evidence.ts";

const CONST = { kind: "const", values: ["eps"] };
const PACKED = { kind: "constexpr_lut_to_dense", values: ["w"] };
const CONV = { kind: "conv", values: ["y"] };
const ADD = { kind: "add", values: ["hidden"] };

/** The finding on a plan that lists `planned`, of a program of `operations`; constants have no device unless one is given. */
function findingOn(operations: readonly Json[], planned: readonly Json[] = operations) {
  const program = { function: "main", operations } as unknown as Program;
  const rows = planned.map((one, k) => ({
    path: `main.block.operations[${k}]`,
    ...(/^const/.test(one.kind)
      ? { device: "undetermined", supported: [] }
      : { device: "Neural Engine", supported: ["CPU", "Neural Engine"] }),
    ...one,
  }));
  const evidence = { residency: [{ role: "block", function: "main", operations: rows }] } as unknown as Evidence;
  const { status, note } = residentFinding(evidence, "block", program);
  return `${status}: ${note}`;
}

const ALL = [CONST, PACKED, CONV, ADD];

const ROWS: readonly (readonly [name: string, says: string, planned: readonly Json[]])[] = [
  ["all that is there", "yes: all 2 operations of main", ALL],
  ["no plain constant", "yes: all 2 operations of main", ALL.slice(1)],
  ["no packed weight", "no: constexpr_lut_to_dense w stands 1 times in the package and 0 times", [CONST, CONV, ADD]],
  ["a packed weight on the CPU", "no: constexpr_lut_to_dense w is on: CPU", [{ ...PACKED, device: "CPU" }, CONV, ADD]],
  [
    "a packed weight on the engine",
    "yes:",
    [{ ...PACKED, device: "Neural Engine", supported: ["Neural Engine"] }, CONV, ADD],
  ],
  [
    "two operations on the CPU",
    "no: conv y is on: CPU (and 1 more)",
    [PACKED, { ...CONV, device: "CPU" }, { ...ADD, device: "CPU" }],
  ],
  ["shares that are the whole", "yes:", [PACKED, { ...CONV, cost: 0.75 }, { ...ADD, cost: 0.25 }]],
  ["shares a little above the whole", "no: the shares", [PACKED, { ...CONV, cost: 0.75 }, { ...ADD, cost: 0.25001 }]],
  ["a share that is none", "no: the shares", [PACKED, { ...CONV, cost: -1e-9 }, { ...ADD, cost: 0.5 }]],
];

test.each(ROWS)("a plan with %s", (_, says, planned) => {
  expect(findingOn(ALL, planned)).toContain(says);
});

test("a program of constants alone shows nothing, though each of them is where it may be", () => {
  expect(findingOn([CONST, PACKED])).toBe("no: the program has no operations, so its plan shows nothing");
});

test("an operation without a result is named by its kind alone", () => {
  const print = { kind: "print", values: [] };
  expect(findingOn([print], [{ ...print, device: "CPU" }])).toBe("no: print is on: CPU");
});
