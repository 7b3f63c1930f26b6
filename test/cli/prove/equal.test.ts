/** `graphc equal`: two graphs of the same T, with faults of the model planted, names mapped, and what it refuses. */
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectRefusal, folderOf, graphc, testFolder } from "../../support/cli.ts";
import { FUSED, layerFile, MODEL_FAULTS } from "../../support/graphs/equal-layer.ts";
import { tinyPhi, tinyPhiTimes } from "../../support/graphs/tiny-phi.ts";
import { ROOT } from "../../support/root.ts";

const SIZE = ["--max-seq", "6"];
const equal = (...argv: readonly string[]) => graphc(["equal", ...argv, ...SIZE]);
const claimOf = async (...argv: readonly string[]) => {
  const { code, out } = await equal(...argv, "--json");
  const { claim } = JSON.parse(out) as { claim: string };
  return `${code} ${claim}`;
};

test("two checkpoints are known by their contents: other numbers under a name are no equal weights, and differ", async () => {
  const name = "model.layers.0.mlp.down_proj.weight";
  const [one, copy, other] = [tinyPhi(), tinyPhi(), tinyPhiTimes({ [name]: 2 })];
  expect(await claimOf(one, copy)).toBe("0 PROVEN (exact)");
  const refused = await equal(one, other);
  expect([refused.code, refused.out]).toEqual([2, ""]);
  expect(refused.err).toMatch(
    /weight "model\.layers\.0\.mlp\.down_proj\.weight" of \S+ is not that of \S+, and checkpoints are compared by the names of weights; give two packages/,
  );
  const named = await equal("phi4-mini", one, "--weights", other);
  expect([named.code, named.err]).toEqual([2, expect.stringContaining("is not that of phi4-mini, and checkpoints")]);
  expect(await claimOf("phi4-mini", one, "--weights", copy)).toBe("0 PROVEN (exact)");
  // A file that reads another part of a tensor than the checkpoint's layer does.
  const gates = "model.layers.0.mlp.gate_up_proj.weight";
  const part = `import { graph, input, linear, weight } from "graphc";
    export default ({ tokens }: { tokens: number }) => {
      const x = input("x", [tokens, 32]);
      const w = weight("${gates}", [1, 32], { rows: [0, 1] });
      return graph({ name: "part", inputs: [x], outputs: { hidden: linear(x, w) } });
    };`;
  const apart = await equal(
    join(folderOf({ "part.ts": part }), "part.ts"),
    one,
    "--weights",
    tinyPhiTimes({ [gates]: 2 }),
  );
  expect([apart.code, apart.err]).toEqual([2, expect.stringContaining(`weight "${gates}" of`)]);
  // Of the layer behind it nothing differs.
  expect(await claimOf(one, other, "--layer", "1")).toBe("0 PROVEN (exact)");
  const diff = (...argv: readonly string[]) => graphc(["diff", ...argv, ...SIZE]);
  expect(await diff(one, copy)).toEqual({ code: 0, out: "no difference", err: "" });
  const found = await diff(one, other);
  expect(found.code).toBe(1);
  expect(found.out).toBe(`changed:\n  weight ${name}: contents ${name} → other numbers`);
  expect((await diff(one, other, "--layer", "1")).out).toBe("no difference");
  expect((await diff(layerFile(), layerFile())).out).toBe("no difference, weights by their names");
});

describe("two spellings", () => {
  test("are equal over the reals, for calls of one token with the roles of their inputs", async () => {
    const { code, out, err } = await equal(layerFile(), layerFile(FUSED), "--explain");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(
      /^PROVEN \(reals\): A and B are equal, call by call\n {2}A: …\/layer\.ts\n {2}B: …\/layer\.ts\n/,
    );
    expect(out).toMatch(/attn_mask +mask +token 2, slot 3 +taken from its name/);
    for (const word of ["block", "so that:", "as long as:", "P6", " 1 tokens"]) expect(out).not.toContain(word);
  });

  test("are equal for calls of four, with nothing known of masks", async () => {
    const { code, out } = await equal(layerFile(), layerFile(FUSED), "--tokens", "4");
    expect([code, out.split(":")[0]]).toEqual([0, "PROVEN (reals)"]);
    expect(out).toContain("every input is an arbitrary array");
    expect(out).not.toMatch(/what the host feeds:\n {4}input|P[1-4] | 1 tokens/);
    const json = JSON.parse((await equal(layerFile(), layerFile(FUSED), "--tokens", "4", "--json")).out);
    expect(json).toMatchObject({ claim: "PROVEN (reals)", inputs: "arbitrary", roles: [], corollaries: [] });
    expect(json.sizes).not.toHaveProperty("tokens");
  });

  test("as packages, whose T nobody tells", async () => {
    const [one, other, out] = [layerFile(), layerFile(FUSED), testFolder()];
    for (const [file, folder] of [
      [one, "a"],
      [other, "b"],
    ] as const) {
      const argv = ["emit", file, ...SIZE, "--no-prove", "--out", join(out, folder)];
      expect((await graphc(argv)).err).toBe("");
    }
    const at = (t: number) => ["a", "b"].map((folder) => join(out, folder, `layer.t${t}.mlpackage`));
    for (const [t, inputs] of [
      [1, "by their roles"],
      [4, "arbitrary"],
    ] as const) {
      const { code, out: json } = await graphc(["equal", ...at(t), "--json"]);
      expect([code, JSON.parse(json)]).toEqual([0, expect.objectContaining({ claim: "PROVEN (reals)", inputs })]);
    }
    const [four, single] = [at(4)[0]!, at(1)[0]!];
    await expectRefusal(
      ["prove", ...at(4)],
      /are not known to be those of one token; graphc equal compares two graphs of/,
    );
    expect((await graphc(["prove", ...at(1)])).out).toMatch(/^PROVEN \(reals\): one token against one token/);
    await expectRefusal(["equal", four, single], /: equal compares calls of one size; graphc prove compares/);
    await expectRefusal(["equal", four, four], /is given twice, so that there is nothing to compare/);
    const link = join(testFolder(), "link.mlpackage");
    symlinkSync(four, link);
    await expectRefusal(["equal", four, link], /is given twice/);
    const copy = join(testFolder(), "copy.mlpackage");
    cpSync(single, copy, { recursive: true });
    expect((await graphc(["equal", single, copy])).out).toMatch(/^PROVEN \(exact\)/);
    await expectRefusal(["equal", four, one], /one is a package and one is not/);
  });
});

test("a model beside an author's file of the same layer is equal to it, weights by name", async () => {
  const file = join(ROOT, "examples/phi4-mini.ts");
  expect(await claimOf("phi4-mini", file)).toBe("0 PROVEN (exact)");
});

describe("a fault of the model", () => {
  test.each(Object.entries(MODEL_FAULTS))("%s: refuted for one token, not proven for four", async (_, fault) => {
    const [right, wrong] = [layerFile(), layerFile(fault)];
    expect(await claimOf(right, wrong)).toBe("1 REFUTED");
    const { code, out } = await equal(right, wrong, "--tokens", "2");
    expect([code, out.split(":")[0]]).toEqual([1, "NOT PROVEN"]);
    expect(out).toContain("searched: no input was tried");
    expect(out).toContain("not looked at: whether they are equal for what a host feeds in calls of several");
  });

  test("is refuted though the hidden row has as many channels as the cache has rows, and might be a mask", async () => {
    const files = [layerFile(), layerFile(MODEL_FAULTS["RoPE pairs swapped"]!)];
    expect((await graphc(["equal", ...files, "--max-seq", "8"])).out).toMatch(/^REFUTED/);
  });

  test("is told by the numbers that A and B gave", async () => {
    const { out } = await equal(layerFile(), layerFile(MODEL_FAULTS["the residual left out"]!));
    expect(out).toMatch(/^REFUTED: A and B are not equal, call by call\n/);
    expect(out).toMatch(/: A gives -?[\d.e-]+, B gives -?[\d.e-]+$/m);
  });
});

/** What another author calls the mask, the hidden row and a state. */
const OTHER_NAMES = [
  ['input("attn_mask"', 'input("bias"'],
  ["outputs: { hidden }", "outputs: { y: hidden }"],
  ['state("k_state"', 'state("keys"'],
] as const;
const MAPS = ["--map", "bias=attn_mask", "--map", "y=hidden", "--map", "keys=k_state"];

describe("names", () => {
  test("that differ are listed on both sides", () =>
    expectRefusal(
      ["equal", layerFile(), layerFile(...OTHER_NAMES), ...SIZE],
      /^error: the two have other names: in \S+ alone input attn_mask; state k_state; output hidden; in \S+ alone input bias; state keys; output y; say which is which: --map NAME_OF_B=NAME_OF_A, such as --map bias=attn_mask$/,
    ));

  test("are mapped by options, and by an interface file", async () => {
    const [one, other] = [layerFile(), layerFile(...OTHER_NAMES)];
    expect(await claimOf(one, other, ...MAPS)).toBe("0 PROVEN (exact)");
    const names = { bias: "attn_mask", y: "hidden", keys: "k_state" };
    const file = join(folderOf({ "names.json": JSON.stringify({ names }) }), "names.json");
    expect(await claimOf(one, other, "--interface", file)).toBe("0 PROVEN (exact)");
    await expectRefusal(["prove", one, "--interface", file], /"names" does nothing here; it is for graphc equal$/);
  });

  test("that are mapped wrongly make another claim", async () => {
    const swap = ["--map", "rope_cos=rope_sin", "--map", "rope_sin=rope_cos"];
    expect(await claimOf(layerFile(), layerFile(), ...swap)).toBe("1 REFUTED");
  });

  test.each<[maps: readonly string[], sentence: RegExp]>([
    [["--map", "m=attn_mask"], /layer\.ts has no input, state or output "m", which is mapped; it has x, rope_cos, /],
    [["--map", "x=m"], /layer\.ts has no input, state or output "m", which is mapped; it has x, /],
    [["--map", "x=rope_cos"], /inputs "x" and "rope_cos" of \S+ would both be called "rope_cos"/],
    [["--map", "x=x", "--map", "x=hidden"], /--map is given twice for "x"; keep one$/],
    [["--role", "m=mask"], /there is no input "m", for which a role is given; the inputs are x, /],
  ])("%j is refused", (argv, sentence) =>
    expectRefusal(["equal", layerFile(), layerFile(FUSED), ...argv, ...SIZE], sentence),
  );

  test.each([
    ["null", /"names" must be an object$/],
    ['{ "a": 1 }', /name "a" must be mapped to a name, not 1$/],
    ['{ "a": "" }', /name "a" must be mapped to a name, not ""$/],
  ])("%s in an interface file are refused", (names, sentence) => {
    const file = join(folderOf({ "names.json": `{ "names": ${names} }` }), "names.json");
    return expectRefusal(["equal", layerFile(), layerFile(FUSED), "--interface", file], sentence);
  });
});

describe("an interface that differs", () => {
  test("in layout is refused, and not guessed at", () => {
    const turned = layerFile(
      ['input("x", [1, 8, T, 1])', "transpose(row, { perm: [0, 2, 1, 3] })"],
      ["  const x =", '  const row = input("x", [1, T, 8, 1]);\n  const x ='],
      ["inputs: [x,", "inputs: [row,"],
    );
    return expectRefusal(
      ["equal", layerFile(), turned, ...SIZE],
      /input "x" is fp16\[1,8,1,1\] in \S+ and fp16\[1,1,8,1\] in \S+: another layout is not guessed at; give both/,
    );
  });

  test("in a part that one side has alone is refused", () =>
    expectRefusal(
      ["equal", layerFile(), layerFile(["outputs: { hidden }", "outputs: { hidden, normed }"]), ...SIZE],
      /in \S+ alone nothing; in \S+ alone output normed; graphs that are equal have the same inputs, states and outputs$/,
    ));
});

test("what is written at a position is followed in calls of one token alone, and that is told", async () => {
  const at = (rows: string) =>
    join(
      folderOf({
        "at.ts": `
import { add, concat, constant, graph, input, mul, slice_update, state } from "graphc";
export default function at({ tokens: T, maxSeq: S }) {
  const [x, position, k] = [input("x", [T, 8]), input("position", [1], "int32"), state("k", [S, 8])];
  const [first, width] = [constant([0], [1], "int32"), constant([8], [1], "int32")];
  const begin = concat([position, first], { axis: 0 });
  const next = slice_update(k, ${rows}, begin, concat([add(position, T), width], { axis: 0 }));
  return graph({ name: "at", inputs: [x, position], states: [[k, next]], outputs: { y: mul(x, 2) } });
}`,
      }),
      "at.ts",
    );
  const files = [at("mul(x, 2)"), at("add(x, x)")] as const;
  expect(await claimOf(...files)).toBe("0 PROVEN (reals)");
  const { code, out } = await equal(...files, "--tokens", "2");
  expect([code, out.split(":")[0]]).toEqual([1, "NOT PROVEN"]);
  expect(out).toContain("not followed: what is read or written at a position");
  expect(out).not.toContain("it would close with");
});

describe("a mask that nobody told", () => {
  const anonymous = ['input("attn_mask"', 'input("m"'] as const;
  // An entry is 0 or −10⁴: both forms give the same for a mask, and not for any array.
  const clipped = ["add(scores, mask)", "add(scores, minimum(mask, 0))"] as const;
  const imported = ["import { add,", "import { minimum, add,"] as const;

  test("is asked for before a no is given", async () => {
    const files = [layerFile(anonymous), layerFile(anonymous, clipped, imported)] as const;
    await expectRefusal(
      ["equal", ...files, ...SIZE],
      /what the host feeds to input "m" \(fp16\[1,1,1,6\]\) is not known: A and B differ if it is an array of any numbers, and are not known to if it is a mask; say --role m=shared if any/,
    );
    const shared = ["--role", "m=shared"];
    expect(await claimOf(...files, ...shared)).toBe("1 REFUTED");
  });

  test("and that may be one of several tokens is asked for too", () => {
    const wide = ['"attn_mask", [1, 1, T, S]', '"m", [1, 4, T, S]'] as const;
    const files = [layerFile(wide), layerFile(wide, ["add(scores, mask)", "sub(scores, mask)"])];
    return expectRefusal(
      ["equal", ...files, ...SIZE],
      /"m" \(fp16\[1,4,1,6\]\) is not known: .* if it is a mask of several tokens; say/,
    );
  });

  test("with two long axes is no mask of one token: nothing is assumed of it", async () => {
    const wide = ['"attn_mask", [1, 1, T, S]', '"attn_mask", [1, 4, T, S]'] as const;
    const { code, out } = await equal(layerFile(wide), layerFile(wide, FUSED), "--json");
    expect([code, JSON.parse(out).inputs]).toEqual([0, "arbitrary"]);
    const stated = await equal(
      layerFile(wide),
      layerFile(wide, FUSED),
      "--role",
      "attn_mask=mask:token=2,slot=3",
      "--json",
    );
    expect([stated.code, JSON.parse(stated.out).inputs]).toEqual([0, "by their roles"]);
  });
});
