/** Roles on the command line: --role and --interface, the table of roles, and the question that stands for a guessed no. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectRefusal, folderOf, graphc, testFolder } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

const SIZE = ["--tokens", "2", "--max-seq", "16"];

/** The attention example made narrow, its inputs renamed, and roles declared where they are given. */
function attention(roles: Readonly<Record<string, string>> = {}): string {
  let source = readFileSync(join(ROOT, "examples/attention.ts"), "utf8");
  source = source.replace(/\b(128|384|32)\b/g, (size) => String(Number(size) / 8));
  for (const [old, now] of [
    ["x", "a"],
    ["attn_mask", "b"],
    ["kv_write_mask", "c"],
  ])
    source = source.replace(new RegExp(`input\\("${old}", (\\[.*?\\])\\)`), (_, shape) =>
      roles[now!] === undefined
        ? `input("${now}", ${shape})`
        : `input("${now}", ${shape}, "fp16", { role: ${roles[now!]} })`,
    );
  return join(folderOf({ "attention.ts": source }), "attention.ts");
}

const DECLARED = { a: '"rows"', b: '"mask"', c: '{ kind: "write_mask", tokenAxis: 3, slotAxis: 2 }' };
const OPTIONS = ["--role", "b=mask", "--role", "c=write_mask:token=3,slot=2"];
const INTERFACE = JSON.stringify({ inputs: { b: "mask", c: { kind: "write_mask", tokenAxis: 3, slotAxis: 2 } } });

/** The table of roles, its columns by single spaces. */
const rolesIn = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((line) => line.trim().replace(/ {2,}/g, "|"))
    .filter((line) => /^[abc]\|/.test(line));

describe("roles", () => {
  const table = (source: string, a = "from its shape") => [
    `a|rows|token 2|${a}`,
    `b|mask|token 2, slot 3|${source}`,
    `c|write_mask|token 3, slot 2|${source}`,
  ];

  test.each(["check", "prove", "parity"])("are printed by %s with their sources", async (command) => {
    const lines = async (...argv: string[]) => {
      const { code, out } = await graphc([command, ...argv, ...SIZE, ...(command === "check" ? [] : ["--explain"])]);
      // The narrow states are a finding of check.
      expect(code).toBe(command === "check" ? 1 : 0);
      return rolesIn(out);
    };
    expect(await lines(attention(DECLARED))).toEqual(table("declared", "declared"));
    expect(await lines(attention(), ...OPTIONS)).toEqual(table("option --role"));
    const file = join(folderOf({ "roles.json": INTERFACE }), "roles.json");
    expect(await lines(attention(), "--interface", file)).toEqual(table("interface file"));
    const both = await lines(attention(DECLARED), "--interface", file, "--role", "b=mask");
    expect(both.map((line) => line.split("|").at(-1))).toEqual(["declared", "option --role", "interface file"]);
    const numbers = await lines(attention(DECLARED), "--role", "b=mask:closed=-2e4");
    expect(numbers[1]).toBe("b|mask (closed -20000)|token 2, slot 3|option --role");
  });

  test("taken from a name are printed as such", async () => {
    const { out } = await graphc(["check", "phi4-mini"]);
    expect(out).toMatch(/^attn_mask +mask +token 2, slot 3 +taken from its name$/m);
    expect(out).toMatch(/^rope_cos +rows \(RoPE cos\) +token 0 +taken from its name$/m);
  });

  test("stand in the JSON of prove, in its certificate and in that of emit, which proves the bytes with them", async () => {
    const file = attention(DECLARED);
    const records = [
      { input: "a", role: "rows", tokenAxis: 2, source: "declared" },
      { input: "b", role: "mask", tokenAxis: 2, slotAxis: 3, source: "declared" },
      { input: "c", role: "write_mask", tokenAxis: 3, slotAxis: 2, source: "declared" },
    ];
    const proved = JSON.parse((await graphc(["prove", file, ...SIZE, "--json"])).out);
    expect([proved.roles, proved.certificate.roles]).toEqual([records, records]);
    const out = testFolder();
    expect(await graphc(["emit", file, ...SIZE, "--out", out])).toMatchObject({ code: 0 });
    const certificate = JSON.parse(readFileSync(join(out, "attention.certificate.json"), "utf8"));
    expect([certificate.verdict, certificate.roles]).toEqual(["PROVEN", records]);
    // The package itself holds none: they are asked for, or given.
    const pair = ["attention.t2.mlpackage", "attention.t1.mlpackage"].map((name) => join(out, name));
    expect((await graphc(["prove", ...pair])).err).toContain("--role b=mask --role c=write_mask");
    expect((await graphc(["prove", ...pair, ...OPTIONS])).code).toBe(0);
    expect((await graphc(["parity", ...pair, ...OPTIONS])).code).toBe(0);
    expect(rolesIn((await graphc(["check", pair[0]!, "--role", "b=mask"])).out)).toEqual([
      "a|not known|its twin or --role tells",
      "b|mask|token 2, slot 3|option --role",
      "c|not known|its twin or --role tells",
    ]);
  });

  test("are used by run and survey", async () => {
    const file = attention();
    const out = join(testFolder(), "out.safetensors");
    expect((await graphc(["run", file, ...SIZE, ...OPTIONS, "--positions", "3,9", "--out", out])).code).toBe(0);
    expect((await graphc(["survey", file, ...SIZE, ...OPTIONS])).code).toBe(0);
    await expectRefusal(["run", file, ...SIZE, "--role", "b=position", "--positions", "0"], /cannot be a position/);
    await expectRefusal(["survey", file, ...SIZE, "--role", "b=position"], /cannot be a position/);
  });
});

describe("a guess", () => {
  const asked =
    /^error: what the host feeds to "b" \(fp16\[1,1,2,16\]\) and "c" \(fp16\[1,1,16,2\]\) is not known: .*; say --role b=mask --role c=write_mask \(or rows\), or declare it where the input is made\n {2}at /;

  test.each(["prove", "parity"])("is not refuted by %s: the role is asked for", async (command) => {
    await expectRefusal([command, attention(), ...SIZE], asked);
  });

  test("is not refuted by emit, which writes nothing", async () => {
    const out = join(testFolder(), "out");
    await expectRefusal(["emit", attention(), ...SIZE, "--out", out], asked, out);
    expect(existsSync(out)).toBe(false);
  });

  test("that is stated is no guess: the no stands", async () => {
    const { code, out } = await graphc(["prove", attention(), ...SIZE, "--role", "b=rows", "--role", "c=rows"]);
    expect(code).toBe(1);
    expect(out).toMatch(/^(REFUTED|NOT PROVEN)/);
  });
});

const SCATTER = `
import { graph, input, mul, scatter, state, type Size } from "graphc";
export default function g({ tokens: T, maxSeq: S }: Size) {
  const x = input("x", [T, 4]), p = input("p", [T], "int32"), k = state("k", [S, 4]);
  return graph({ name: "g", inputs: [x, p], states: [[k, scatter(k, p, x, { axis: 0, mode: "update" })]], outputs: { y: mul(x, 2) } });
}`;

test("a whole number that nobody speaks of is asked for where it would be made up, and fed from a file all the same", async () => {
  const folder = folderOf({ "g.ts": SCATTER, "again.ts": SCATTER });
  const file = join(folder, "g.ts");
  const asked =
    /^error: what the host feeds to input "p" \(int32\[2\]\) is not known; declare its role where it is made, or say --role p=position \(or rows, shared\)\n/;
  for (const argv of [["prove"], ["parity"], ["survey"], ["run", "--positions", "0,1"]])
    await expectRefusal([argv[0]!, file, ...SIZE, ...argv.slice(1)], asked);
  await expectRefusal(
    ["equal", file, join(folder, "again.ts"), "--max-seq", "16"],
    /^error: what the host feeds to input "p" \(int32\[1\]\) is not known; /,
  );
  expect((await graphc(["prove", file, ...SIZE, "--role", "p=position"])).code).toBe(0);
  await expectRefusal(
    ["prove", file, ...SIZE, "--role", "p=position:first=x"],
    /^error: input "p" is said to follow "x", which is no position of a block's first token/,
  );
  expect((await graphc(["parity", file, ...SIZE, "--role", "p=position"])).code).toBe(0);
  expect((await graphc(["check", file, ...SIZE])).out).toMatch(/^p +not known +its twin or --role tells$/m);
});

const FOLLOWED = `
import { graph, input, mul, scatter, state, type Size } from "graphc";
export default function g({ tokens: T, maxSeq: S }: Size) {
  const x = input("x", [T, 4]), p = input("p", [T], "int32"), f = input("f", [1], "int32"), k = state("k", [S, 4]);
  return graph({ name: "g", inputs: [x, p, f], states: [[k, scatter(k, p, x, { axis: 0, mode: "update" })]], outputs: { y: mul(x, 2) } });
}`;

test("positions follow a first one, and that one follows none", async () => {
  const file = join(folderOf({ "g.ts": FOLLOWED }), "g.ts");
  const prove = ["prove", file, ...SIZE, "--role", "p=position:first=f"];
  expect((await graphc([...prove, "--role", "f=position"])).code).toBe(0);
  await expectRefusal(
    [...prove, "--role", "f=position:first=p"],
    /^error: input "f" \(int32\[1\]\) cannot have the role position: it has no axis of 2 tokens in the block and 1 in the step/,
  );
});

describe("refused", () => {
  test.each<[text: string, sentence: string]>([
    ["b", '--role must look like m=mask or m=mask:token=3,slot=1,closed=-65504, not "b"'],
    ["b=", '--role must look like m=mask or m=mask:token=3,slot=1,closed=-65504, not "b="'],
    ["b=musk", '--role b=musk: the role must be rows or mask or write_mask or position or shared or cache, not "musk"'],
    [
      "b=mask:tokens=2",
      '--role b=mask:tokens=2: a role has no "tokens"; beside its kind it has token, slot, rope, open, closed, first, offset',
    ],
    [
      "b=mask:__proto__=2",
      '--role b=mask:__proto__=2: a role has no "__proto__"; beside its kind it has token, slot, rope, open, closed, first, offset',
    ],
    ["b=mask:token=two", '--role b=mask:token=two: an axis must be a whole number from 0, not "two"'],
    ["b=mask:token=2,token=3", "--role b=mask:token=2,token=3: says its tokenAxis twice; keep one"],
    ["b=rows:rope=tan", '--role b=rows:rope=tan: "rope" must be cos or sin, not "tan"'],
    [
      "b=mask:first=c",
      'input "b" (fp16[1,1,2,16]) has the role mask, and only positions follow a first one; its role "mask" is from the option --role',
    ],
    [
      "b=mask:offset=1",
      'input "b" (fp16[1,1,2,16]) has the role mask, and only a position has an offset; its role "mask" is from the option --role',
    ],
    ["b=position:offset=1.5", '--role b=position:offset=1.5: "offset" must be a whole number, not 1.5'],
    ["b=mask:closed=low", '--role b=mask:closed=low: "closed" must be a number, not "low"'],
    ["n=mask", 'there is no input "n", for which the option --role gives a role; the inputs are a, b, c'],
  ])("--role %s", async (text, sentence) => {
    const outcome = await graphc(["prove", attention(), ...SIZE, "--role", text]);
    expect([outcome.code, outcome.err.split("\n")[0]]).toEqual([2, `error: ${sentence}`]);
  });

  test.each<[text: string, sentence: RegExp]>([
    [
      "b=mask:closed=0",
      /^error: input "b" \(.*\) is 0 both where it is open and where it is closed; its role "mask" is from/,
    ],
    [
      "b=mask:closed=-70000",
      /^error: input "b" \(.*\) cannot hold -70000 where it is closed: that is no fp16; its role/,
    ],
    [
      "b=rows:closed=-1",
      /^error: input "b" \(.*\) has the role rows, and only a mask has a number for closed; its role/,
    ],
  ])("--role %s", async (text, sentence) => {
    await expectRefusal(["prove", attention(), ...SIZE, "--role", text], sentence);
  });

  test("--role twice for one input", async () => {
    const argv = ["prove", attention(), ...SIZE, "--role", "b=mask", "--role", "b=rows"];
    await expectRefusal(argv, '--role is given twice for "b"; keep one');
  });

  test.each<[json: string, sentence: string | RegExp]>([
    ["{", /^error: …\/i\.json: not valid JSON: /],
    ["[]", "…/i.json must be an object"],
    ["{}", '…/i.json: "inputs" is missing'],
    ['{"inputs":{},"input":{}}', '…/i.json: there is no key "input"; it has "inputs"'],
    ['{"inputs":{"b":"mask","b":"rows"}}', '…/i.json: the key "b" is given twice'],
    ['{"inputs":{"b":7}}', '…/i.json: input "b" must be an object'],
    [
      '{"inputs":{"b":{"kind":"mask","axis":3}}}',
      '…/i.json: input "b": a role has no "axis"; beside its kind it has tokenAxis, slotAxis, rope, open, closed, first, offset',
    ],
    [
      '{"inputs":{"b":{"tokenAxis":3}}}',
      '…/i.json: input "b": the role must be rows or mask or write_mask or position or shared or cache, not nothing',
    ],
    [
      '{"inputs":{"b":{"kind":"mask","tokenAxis":"3"}}}',
      '…/i.json: input "b": an axis must be a whole number from 0, not "3"',
    ],
    [
      '{"inputs":{"__proto__":"mask"}}',
      /^error: there is no input "__proto__", for which the interface file gives a role; /,
    ],
  ])("--interface %s", async (json, sentence) => {
    const path = join(folderOf({ "i.json": json }), "i.json");
    await expectRefusal(["prove", attention(), ...SIZE, "--interface", path], sentence);
  });

  test("an interface file that is not there", async () => {
    await expectRefusal(["prove", attention(), "--interface", "/nonexistent.json"], /^error: .*nonexistent\.json/);
  });
});
