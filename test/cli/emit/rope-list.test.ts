/** LongRoPE's two lists on the command line: which was assumed is said, recorded, judged; both tables are written. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readBuild } from "../../../src/evidence/judge/build.ts";
import type { RopeTables } from "../../../src/evidence/rope-tables.ts";
import { readDecoder } from "../../../src/models/config-read.ts";
import { fp16Rows, ropeRows } from "../../../src/models/host.ts";
import { withFactorList } from "../../../src/models/rope-list.ts";
import { readArrays } from "../../../src/weights/safetensors/arrays.ts";
import { CONFIG, checkpointOf, expectRefusal, graphc, testFolder } from "../../support/cli.ts";
import { honestEvidence } from "../../support/evidence/evidence.ts";
import { ROOT } from "../../support/root.ts";

const LONGROPE = {
  ...CONFIG,
  original_max_position_embeddings: 32,
  rope_scaling: { type: "longrope", short_factor: [1, 1, 1, 1, 1, 1, 1, 2], long_factor: [1, 2, 3, 4, 5, 6, 7, 8] },
};
const DECODER = readDecoder(LONGROPE, "config.json").decoder;
const NAME = "phi4-mini.layer0";

const longRope = (): string => checkpointOf({ "config.json": JSON.stringify(LONGROPE) });
const json = (...path: readonly string[]) => JSON.parse(readFileSync(join(...path), "utf8"));
const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ");

/** Emits into a new folder. */
async function emitted(maxSeq: number, ...more: readonly string[]) {
  const out = testFolder();
  const outcome = await graphc(["emit", longRope(), "--max-seq", `${maxSeq}`, "--tokens", "2", "--out", out, ...more]);
  expect(outcome).toMatchObject({ code: 0, err: expect.not.stringContaining("RoPE") });
  return { out, text: oneLine(outcome.out), tables: json(out, `${NAME}.rope.json`) as RopeTables };
}

const SHORT = "RoPE rows: LongRoPE's short list of factors, right for sequences of up to 32 tokens";
const LONG = "RoPE rows: LongRoPE's long list of factors, right for sequences of 33 to 64 tokens";
const ANEW = "and one that grows past 32 needs its cache computed anew";

describe("emit", () => {
  test.each([
    [32, [], "short", 1, 32, SHORT],
    [33, [], "long", 33, 33, "right for sequences of 33 tokens; those of up to 32 tokens take the short list"],
    [64, [], "long", 33, 64, `${LONG}; those of up to 32 tokens take the short list (--rope-list short), ${ANEW}`],
    [64, ["--rope-list", "short"], "short", 1, 32, `${SHORT}; those of 33 to 64 tokens take the long list`],
  ] as const)("at %i rows %j: the %s list is told and recorded", async (maxSeq, more, list, from, to, line) => {
    const { out, text, tables } = await emitted(maxSeq, ...more);
    expect(text).toContain(line);
    const certificate = json(out, `${NAME}.certificate.json`);
    expect(certificate.ropeList).toMatchObject({ list, forSequencesFrom: from, forSequencesUpTo: to });
    expect(tables.assumed).toBe(list);
    const [entry] = tables.lists.filter((one) => one.list === list);
    expect(certificate.ropeList.factorsSHA256).toBe(entry!.factorsSHA256);
  });

  test("writes both tables, each with the rows that it is right for and that the cache has", async () => {
    for (const [maxSeq, short, long] of [
      [16, 16, 16],
      [40, 32, 40],
    ] as const) {
      const { out, tables } = await emitted(maxSeq, "--no-prove");
      expect(tables).toMatchObject({ maxSeq, rotaryDims: 16, cacheInvalidWhenCrossing: true });
      expect(tables.attentionFactor).toBeCloseTo(Math.sqrt(1 + Math.log(2) / Math.log(32)), 15);
      expect(tables.lists).toMatchObject([
        { list: "short", forSequencesFrom: 1, forSequencesUpTo: 32, rows: short },
        { list: "long", forSequencesFrom: 33, forSequencesUpTo: 64, rows: long },
      ]);
      expect(new Set(tables.lists.map(({ factorsSHA256 }) => factorsSHA256)).size).toBe(2);
      const arrays = await readArrays(join(out, tables.data.file));
      for (const { list, cos, sin, rows } of tables.lists) {
        const positions = Array.from({ length: rows }, (_, p) => p);
        const right = ropeRows(withFactorList(DECODER, list), positions, 64);
        expect(arrays[cos]).toEqual({ dtype: "fp16", shape: [rows, 8], data: fp16Rows(right.cos) });
        expect(arrays[sin]).toEqual({ dtype: "fp16", shape: [rows, 8], data: fp16Rows(right.sin) });
      }
    }
  });

  test("docs/rope.md lists the fields of the record, and of a list", async () => {
    const { tables } = await emitted(16, "--no-prove");
    const rows = readFileSync(join(ROOT, "docs/rope.md"), "utf8").split("\n");
    const table = rows.slice(rows.indexOf("| field | |") + 2);
    const named = table
      .slice(0, table.indexOf(""))
      .flatMap((row) => [...row.split("|")[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
    expect(named).toEqual(Object.keys(tables));
    const listed = /one each: `\{([^}]*)\}`/.exec(table.join("\n"))![1]!.split(", ");
    expect(listed.toSorted()).toEqual(Object.keys(tables.lists[0]!).toSorted());
  });

  test("fixtures are fed the rows of the list that they name", async () => {
    for (const list of ["short", "long"] as const) {
      const { out, tables } = await emitted(64, "--rope-list", list, "--fixtures");
      const manifest = json(out, `${NAME}.fixtures.json`);
      expect(manifest.ropeList.list).toBe(list);
      const [data, fed] = await Promise.all(
        [tables.data.file, manifest.data.file].map((file) => readArrays(join(out, file), () => "fp16")),
      );
      // The first live token whose row both tables have.
      const at = manifest.calls[0].rows.findIndex((row: number | null) => row !== null && row > 0 && row < 32);
      const row: number = manifest.calls[0].rows[at];
      const of = (array: { readonly data: ArrayLike<number> }, n: number) =>
        [...Array(8).keys()].map((j) => array.data[8 * n + j]);
      const given = of(fed!["calls/0/block/in/rope_cos"]!, at);
      for (const entry of tables.lists)
        expect(JSON.stringify(of(data![entry.cos]!, row)) === JSON.stringify(given)).toBe(entry.list === list);
    }
  });

  test("tables of an earlier emit go with the packages that they were for", async () => {
    const { out } = await emitted(16);
    const beside = [`${NAME}.rope.json`, `${NAME}.rope.safetensors`];
    expect(readdirSync(out)).toEqual(expect.arrayContaining(beside));
    const words = ["emit", checkpointOf(), "--max-seq", "16", "--tokens", "2", "--out", out, "--force"];
    expect(await graphc(words)).toMatchObject({ code: 0, out: expect.not.stringContaining("RoPE rows") });
    expect(readdirSync(out).filter((name) => beside.includes(name))).toEqual([]);
  });
});

/** A build of one layer, as if a flawless device had measured it. */
async function measured(...more: readonly string[]): Promise<string> {
  const { out } = await emitted(64, "--fixtures", ...more);
  const build = await readBuild(out);
  writeFileSync(join(out, "evidence.json"), JSON.stringify(honestEvidence(build)));
  return out;
}

describe("evidence of one list", () => {
  test("passes the gate, which names the list, and is ground for layers with that list alone", async () => {
    const evidence = await measured("--rope-list", "short");
    const gate = await graphc(["gate", evidence]);
    expect(gate.code).toBe(0);
    expect(gate.out).toMatch(/RoPE list\s+yes\s+short, for sequences of 1 to 32 tokens/);
    const out = testFolder();
    const stack = ["emit", longRope(), "--layers", "2", "--max-seq", "64", "--tokens", "2", "--out", out];
    const words = [...stack, "--evidence", evidence];
    const sentence =
      /^error: 2 layers ask for passed evidence .* \(the one-layer build takes the short list, not the long list\)/;
    expect((await graphc(words)).err.replaceAll("\n", " ")).toMatch(sentence);
    expect(readdirSync(out)).toEqual([]);
    const right = await graphc([...words, "--rope-list", "short"]);
    expect(right).toMatchObject({ code: 0, out: expect.stringContaining("on passed evidence of the one-layer gate") });
  });

  test("does not pass beside a certificate of the other", async () => {
    const out = await measured();
    const path = join(out, `${NAME}.certificate.json`);
    const certificate = json(path);
    certificate.ropeList.list = "short";
    writeFileSync(path, JSON.stringify(certificate));
    const gate = await graphc(["gate", out]);
    expect(gate.code).toBe(1);
    expect(gate.out).toMatch(/RoPE list\s+no\s+the certificate is of the short list, not the long list/);
  });
});

describe("run, parity, survey and check", () => {
  const at = (command: string, ...more: readonly string[]) => [command, longRope(), "--tokens", "2", ...more];

  test.each([
    ["parity", []],
    ["survey", []],
    ["run", ["--positions", "3..4"]],
  ] as const)("%s says by which list its rows are made", async (command, given) => {
    const more = command === "run" ? [...given, "--out", join(testFolder(), "y.safetensors")] : given;
    const text = async (...words: readonly string[]) => oneLine((await graphc(at(command, ...more, ...words))).out);
    expect(await text("--max-seq", "32")).toContain(SHORT);
    expect(await text("--max-seq", "64")).toContain(`${LONG}; those of up to 32 tokens take the short list`);
    expect(await text("--max-seq", "64", "--rope-list", "short")).toContain(SHORT);
    const record = JSON.parse((await graphc(at(command, ...more, "--max-seq", "64", "--json"))).out);
    expect(record.ropeList).toMatchObject({ list: "long", forSequencesFrom: 33, forSequencesUpTo: 64 });
  });

  test("run gives other numbers by the other list", async () => {
    const out = testFolder();
    const hidden = async (list: string) => {
      const path = join(out, `${list}.safetensors`);
      const words = ["--max-seq", "64", "--positions", "3..4", "--rope-list", list, "--out", path];
      expect(await graphc(at("run", ...words))).toMatchObject({ code: 0 });
      return (await readArrays(path)).layers_0_k_state!.data;
    };
    expect(await hidden("short")).not.toEqual(await hidden("long"));
  });

  test("check's card says what emit says", async () => {
    const card = async (maxSeq: number) =>
      oneLine((await graphc(at("check", "--max-seq", `${maxSeq}`))).out).replace("RoPE rows ", "RoPE rows: ");
    expect(await card(32)).toContain(SHORT);
    const wide = await card(64);
    expect(wide).toContain(`${LONG}; those of up to 32 tokens take the short list (--rope-list short), ${ANEW}`);
    expect(wide).toContain(
      "longrope: the short list of factors for sequences of up to 32 tokens, the long list of factors for sequences of 33 to 64 tokens",
    );
  });
});

describe("--rope-list is refused", () => {
  const none = '--rope-list does nothing for …: its RoPE is of type "default"; it is for models with LongRoPE';
  test.each(["emit", "parity", "survey"])("by %s where the model has no lists", (command) =>
    expectRefusal([command, checkpointOf(), "--max-seq", "16", "--rope-list", "short"], `${none}`),
  );

  test("for a cache that holds no sequence of the list", () =>
    expectRefusal(
      ["emit", longRope(), "--max-seq", "32", "--rope-list", "long"],
      "the long list of factors is for sequences of more than 32 tokens, and a cache of 32 rows holds none; raise max_seq or take the short list",
    ));

  test("by run where it makes no rows, and where a position is beyond the list", async () => {
    const run = ["run", longRope(), "--max-seq", "64", "--rope-list", "short"];
    await expectRefusal([...run, "--inputs", "x"], "--rope-list does nothing without --positions");
    await expectRefusal(
      [...run, "--positions", "32"],
      "position 32 is of a sequence of more than 32 tokens, which the short list of factors is not for; leave --rope-list out, or lower the positions",
    );
    expect(await graphc([...run, "--positions", "31", "--out", join(testFolder(), "y.safetensors")])).toMatchObject({
      code: 0,
    });
  });

  test("where it is neither list", () =>
    expectRefusal(["emit", longRope(), "--rope-list", "mid"], '--rope-list must be short or long, not "mid"'));
});
