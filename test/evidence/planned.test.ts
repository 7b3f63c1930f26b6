/** Of where a package was planned evidence tells nothing unless it is of these very bytes, by a device, and its table is of this program. */
import { expect, test } from "vitest";
import { type MeasuredPackage, planOf } from "../../src/evidence/judge/planned.ts";
import type { Json } from "../support/evidence/evidence.ts";

const DIGEST = { sha256: "b".repeat(64), files: { "Manifest.json": "1", "weight.bin": "2" } };
const MEASURED: MeasuredPackage = {
  path: "x.mlpackage",
  digest: DIGEST,
  function: "main",
  isDefault: true,
  operations: [
    { kind: "const", values: ["c"] },
    { kind: "relu", values: ["y"] },
  ],
};

const units = "cpuAndNeuralEngine";
const op = (kind: string, value: string) => ({
  path: `main.block.operations[${value}]`,
  kind,
  values: [value],
  device: "Neural Engine",
  supported: [],
});

/** Of the step that is asked about and of another block. */
const honest = (): Json => ({
  tool: { name: "graphc-ane", version: "0.2.0", engine: "Core ML" },
  system: { chip: "Apple M4", model: "Mac16,1", osVersion: "15.5.0", osBuild: "24F74" },
  units,
  packages: [
    { role: "block", name: "y.mlpackage", tokens: 4, sha256: "a", files: {} },
    { role: "step", name: "x.mlpackage", tokens: 1, ...DIGEST, files: { ...DIGEST.files } },
  ],
  attested: [
    { role: "block", plan: { units } },
    { role: "step", plan: { units } },
  ],
  residency: [
    { role: "block", function: "main", operations: [] },
    { role: "step", function: "main", operations: [op("const", "c"), op("relu", "y")] },
  ],
});

const planned = (edit: (e: Json) => unknown = () => {}, measured = MEASURED) => {
  const evidence = honest();
  edit(evidence);
  return planOf(evidence, "evidence.json", measured);
};

test("a plan has what computes, on which device, of how many tokens", () => {
  expect(planned()).toEqual({
    device: "Apple M4, macOS 15.5.0 (24F74)",
    tokens: 1,
    operations: [op("relu", "y")],
    isReadBack: true,
  });
});

test("whether units were read back is told of this package", () => {
  expect(planned((e) => e.attested.shift()).isReadBack).toBe(true);
  expect(planned((e) => e.attested.pop()).isReadBack).toBe(false);
  // How the other package was planned is not asked.
  expect(planned((e) => (e.attested[0].plan.units = "all")).isReadBack).toBe(true);
});

test("a function is known by its name, and the default one without", () => {
  const named = { ...MEASURED, isDefault: false };
  expect(planned((e) => (e.packages[1].function = "main"), named).tokens).toBe(1);
  expect(planned((e) => (e.packages[1].function = "main")).tokens).toBe(1);
  expect(planned((e) => (e.packages[1].function = null)).tokens).toBe(1);
  // Two functions of one package: that of the name counts.
  const both = (e: Json) => {
    e.packages[0] = { ...e.packages[1], role: "block", tokens: 4, function: "t4" };
    e.packages[1].function = "main";
  };
  expect(planned(both, named).tokens).toBe(1);
});

const REFUSED: readonly [says: string, edit: (e: Json) => unknown, measured?: MeasuredPackage][] = [
  ["it is of other bytes, of y.mlpackage and x.mlpackage", (e) => (e.packages[1].sha256 = "a")],
  ["it is of other bytes", (e) => (e.packages[1].files["weight.bin"] = "3")],
  ["it is of other bytes", (e) => (e.packages[1].files = {})],
  ["it is of other bytes, of no package", (e) => (e.packages = [])],
  ["it is of its function t1, not of main", (e) => (e.packages[1].function = "t1")],
  ["it is of its function that is run by default, not of main", () => {}, { ...MEASURED, isDefault: false }],
  ["it was made by the scripted stand-in, not on a device", (e) => (e.tool.engine = "scripted stand-in")],
  ["it was measured with units all", (e) => (e.units = "all")],
  ["it was planned with units cpuOnly", (e) => (e.attested[1].plan.units = "cpuOnly")],
  ["it was made on a virtual Mac", (e) => (e.system.model = "VirtualMac2,1")],
  ["24F74 is no build of macOS 26.0", (e) => (e.system.osVersion = "26.0")],
  ["its plan was not read", (e) => e.residency.pop()],
  ["there are two tables of it", (e) => e.residency.push(e.residency[1])],
  ["the plan is of t1, not of main", (e) => (e.residency[1].function = "t1")],
  ["relu y stands 1 times in the package and 0 times in the plan", (e) => e.residency[1].operations.pop()],
];

test.each(REFUSED.map(([says, ...rest]) => [says, rest] as const))("%s", (says, [edit, measured]) => {
  expect(() => planned(edit, measured)).toThrow(`evidence.json tells nothing of x.mlpackage: ${says}`);
});

test("of other bytes the mend is to measure these", () => {
  expect(() => planned((e) => (e.packages = []))).toThrow(
    expect.objectContaining({
      mend: "give the package that was measured, or measure this one: graphc-ane gate",
    }),
  );
});
