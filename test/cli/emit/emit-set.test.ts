/** What one emit leaves in its folder beside what other emits left there. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPackage } from "../../../src/emit/read/read.ts";
import { readFixtures } from "../../../src/evidence/format/fixtures-read.ts";
import { expectRefusal, graphc, testFolder } from "../../support/cli.ts";
import { digestsIn } from "../../support/emit.ts";
import { ROOT } from "../../support/root.ts";

const ATTENTION = join(ROOT, "examples/attention.ts");
const SMALL = ["--max-seq", "8", "--tokens", "2"];
const emit = (out: string, ...more: readonly string[]) => ["emit", ATTENTION, ...SMALL, "--out", out, ...more];

test("an emit takes away the certificate and the fixtures of the one before, which speak of other bytes", async () => {
  const out = testFolder();
  expect((await graphc(emit(out, "--fixtures"))).code).toBe(0);
  const packages = ["attention.t1.mlpackage", "attention.t2.mlpackage"];
  const beside = ["certificate.json", "fixtures.json", "fixtures.safetensors", "lines.json"].map(
    (x) => `attention.${x}`,
  );
  expect(readdirSync(out)).toEqual([...beside, ...packages]);
  expect((await graphc(emit(out, "--force", "--no-prove"))).code).toBe(0);
  expect(readdirSync(out)).toEqual(packages);
});

test("fixtures of a second name are refused, as the device tool would refuse the folder; others may stand beside", async () => {
  const out = testFolder();
  expect((await graphc(emit(out, "--fixtures"))).code).toBe(0);
  const before = digestsIn(out);
  const other = join(testFolder(), "other.ts");
  copyFileSync(ATTENTION, other);
  const second = ["emit", other, ...SMALL, "--out", out];
  const sentence =
    "… holds fixtures of another name, attention.fixtures.json, and the device tool takes one set a folder";
  await expectRefusal([...second, "--fixtures"], `${sentence}; give another --out`);
  expect(digestsIn(out)).toEqual(before);
  expect(await graphc(second)).toMatchObject({ code: 0, err: "" });
  expect(await graphc(["gate", out])).toMatchObject({ code: 1, err: "" });
});

test("what is no certificate is not taken away", async () => {
  const out = testFolder();
  mkdirSync(join(out, "attention.certificate.json"));
  writeFileSync(join(out, "attention.certificate.json", "letter"), "");
  await expectRefusal(emit(out), "…/attention.certificate.json is not a certificate; graphc will not replace it");
  expect(readdirSync(out)).toEqual(["attention.certificate.json"]);
});

test("a set whose placing was killed has nothing that the gate would take", async () => {
  const out = testFolder();
  expect((await graphc(emit(out, "--fixtures"))).code).toBe(0);
  // What speaks of others goes first and comes last.
  rmSync(join(out, "attention.fixtures.json"));
  expect(await graphc(["gate", out])).toMatchObject({ code: 2, err: expect.stringContaining("holds 0") });
});

test("the author's line of every value of the packages is written with the fixtures, the same wherever the file lies", async () => {
  const [out, twin, home] = [testFolder(), testFolder(), testFolder()];
  expect((await graphc(emit(out, "--fixtures"))).out).toContain("/attention.lines.json");
  copyFileSync(ATTENTION, join(home, "attention.ts"));
  await graphc(["emit", join(home, "attention.ts"), ...SMALL, "--fixtures", "--out", twin]);
  const [text, other] = [out, twin].map((folder) => readFileSync(join(folder, "attention.lines.json"), "utf8"));
  expect(other).toBe(text);

  const { functions } = JSON.parse(text!) as { functions: readonly Record<string, unknown>[] };
  const source = readFileSync(ATTENTION, "utf8").split("\n");
  expect(functions.map((one) => one.package)).toEqual(["attention.t2.mlpackage", "attention.t1.mlpackage"]);
  const { block, step } = (await readFixtures(out)).manifest;
  expect(functions.map((one) => one.sha256)).toEqual([block.sha256, step.sha256]);
  for (const one of functions) {
    const values = one.values as Readonly<Record<string, string>>;
    // Every result of every operation is there, and no other.
    const { operations } = readPackage(join(out, one.package as string)).model.functions[0]!;
    expect(Object.keys(values).toSorted()).toEqual(
      operations.flatMap(({ outputs }) => outputs.map(({ name }) => name)).toSorted(),
    );
    const lineOf = (value: string) => {
      const [, file, line] = /^(.*):(\d+):\d+$/.exec(values[value]!)!;
      expect(file).toBe("attention.ts");
      return source[Number(line) - 1];
    };
    expect(lineOf("qkv")).toContain('"qkv"');
    expect(lineOf("norm")).toContain("rmsNorm");
  }
});
