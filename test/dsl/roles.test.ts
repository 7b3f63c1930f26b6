/** Roles of inputs: who is believed, which axes are found, and what contradicts dtype or shape. */
import { describe, expect, test } from "vitest";
import { GraphError } from "../../src/dsl/error.ts";
import type { Graph } from "../../src/dsl/graph.ts";
import { declaredRoles } from "../../src/dsl/host/roles.ts";
import { doubtfulRoles, meet, twinsOf } from "../../src/dsl/host/twins.ts";
import type { DeclaredRole, GivenRoles, RoleFacts } from "../../src/dsl/role.ts";
import { input, type Tensor } from "../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../src/dsl/type.ts";
import { add, graph, mul, state } from "../../src/index.ts";

const [T, S] = [3, 8];

interface Fed {
  readonly name?: string;
  readonly shape: (tokens: number) => Shape;
  readonly dtype?: DType;
  readonly role?: DeclaredRole;
}

/** A graph that is also fed the given input, and has a cache of S rows. */
function fedBy(tokens: number, { name = "m", shape, dtype = "fp16", role }: Fed): Graph {
  const x = input("x", [1, 5, tokens, 1]);
  const K = state("k", [1, 2, S, 4]);
  const m: Tensor = input(name, shape(tokens), dtype, role === undefined ? {} : { role });
  return graph({ name: `g${tokens}`, inputs: [x, m], states: [[K, mul(K, 2)]], outputs: { y: add(x, 1) } });
}

const given = (facts: RoleFacts, name = "m", source: "option" | "interface file" = "option"): GivenRoles =>
  new Map([[name, { facts, source }]]);
const found = (fed: Fed, roles?: GivenRoles) => twinsOf(fedBy(T, fed), fedBy(1, fed), roles).roles.get(fed.name ?? "m");
const masked: Fed = { shape: (t) => [1, 1, t, S] };
const whole: Fed = { shape: (t) => [t], dtype: "int32" };

describe("who is believed", () => {
  test("an option before the author, the author before the name, the name before the shape", () => {
    const declared: Fed = { ...masked, name: "kv_write_mask", role: "mask" };
    expect(found(declared, given({ kind: "rows" }, "kv_write_mask"))).toEqual({
      kind: "rows",
      tokenAxis: 2,
      source: "option",
    });
    expect(found(declared)).toEqual({ kind: "mask", tokenAxis: 2, slotAxis: 3, source: "declared" });
    expect(found({ ...masked, name: "kv_write_mask" })).toMatchObject({ kind: "write_mask", source: "name" });
    expect(found(masked)).toEqual({ kind: "rows", tokenAxis: 2, source: "shape" });
    expect(found({ shape: () => [1, 4] })).toEqual({ kind: "shared", source: "shape" });
  });

  test("an interface file is named as such", () => {
    expect(found(masked, given({ kind: "mask" }, "m", "interface file"))).toMatchObject({ source: "interface file" });
  });

  test("what one author declares holds for the twin too, and two may not contradict each other", () => {
    const declared = { ...masked, role: "mask" } as const;
    expect(twinsOf(fedBy(T, declared), fedBy(1, masked)).roles.get("m")).toMatchObject({ kind: "mask" });
    expect(twinsOf(fedBy(T, masked), fedBy(1, declared)).roles.get("m")).toMatchObject({ kind: "mask" });
    expect(() => twinsOf(fedBy(T, declared), fedBy(1, { ...masked, role: "rows" }))).toThrow(
      'input "m" is declared mask in the block and rows in the step',
    );
  });

  test("what is declared can be taken to graphs that hold nothing, such as those read from a package", () => {
    const declared = fedBy(T, { ...masked, role: { kind: "mask", slotAxis: 3 } });
    const roles = declaredRoles([declared]);
    expect([...roles]).toEqual([["m", { facts: { kind: "mask", slotAxis: 3 }, source: "declared" }]]);
    expect(found(masked, roles)).toEqual({ kind: "mask", tokenAxis: 2, slotAxis: 3, source: "declared" });
  });

  test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "an input named %s is one like any other",
    (name) => {
      expect(found({ ...masked, name, role: "mask" })).toMatchObject({ kind: "mask", source: "declared" });
      expect(found({ ...masked, name })).toMatchObject({ kind: "rows", source: "shape" });
      expect(() => found({ ...whole, name })).toThrow(`what the host feeds to input "${name}" (int32[3]) is not known`);
    },
  );
});

describe("axes", () => {
  test.each<[what: string, fed: Fed, facts: RoleFacts, axes: object]>([
    ["a mask", masked, { kind: "mask" }, { tokenAxis: 2, slotAxis: 3 }],
    ["a mask with heads", { shape: (t) => [1, 4, t, S] }, { kind: "mask" }, { tokenAxis: 2, slotAxis: 3 }],
    ["a mask laid out [1,S,1,T]", { shape: (t) => [1, S, 1, t] }, { kind: "mask" }, { tokenAxis: 3, slotAxis: 1 }],
    ["a mask laid out [S,T]", { shape: (t) => [S, t] }, { kind: "mask" }, { tokenAxis: 1, slotAxis: 0 }],
    ["a write mask", { shape: (t) => [1, 1, S, t] }, { kind: "write_mask" }, { tokenAxis: 3, slotAxis: 2 }],
    ["a write mask [T,1,1,S]", { shape: (t) => [t, 1, 1, S] }, { kind: "write_mask" }, { tokenAxis: 0, slotAxis: 3 }],
    [
      "stated ones",
      { shape: (t) => [S, 4, 1, t] },
      { kind: "mask", tokenAxis: 3, slotAxis: 0 },
      { tokenAxis: 3, slotAxis: 0 },
    ],
    ["positions", whole, { kind: "position" }, { tokenAxis: 0 }],
    ["RoPE rows", { shape: (t) => [t, 4] }, { kind: "rows", rope: "sin" }, { tokenAxis: 0, rope: "sin" }],
  ])("of %s", (_, fed, facts, axes) => {
    expect(found(fed, given(facts))).toEqual({ kind: facts.kind, ...axes, source: "option" });
  });

  test("the position of the first token has none", () => {
    expect(found({ shape: () => [1], dtype: "int32", role: "position" })).toEqual({
      kind: "position",
      source: "declared",
    });
  });

  test("for a single token they are the usual ones, or those that are stated", () => {
    const one = (fed: Fed, facts: RoleFacts) => twinsOf(fedBy(1, fed), fedBy(1, fed), given(facts)).roles.get("m");
    expect(one(masked, { kind: "mask" })).toMatchObject({ tokenAxis: 2, slotAxis: 3 });
    expect(one({ shape: (t) => [1, S, 1, t] }, { kind: "mask", tokenAxis: 3 })).toMatchObject({
      tokenAxis: 3,
      slotAxis: 1,
    });
    expect(one({ shape: (t) => [1, 5, t, 1] }, { kind: "rows" })).toMatchObject({ kind: "rows", tokenAxis: 2 });
  });
});

describe("refused", () => {
  test.each<[sentence: string, fed: Fed, facts: RoleFacts]>([
    [
      "(int32[1,1,3,8]) cannot be a mask: a mask is fp16, fp32 or bool, not int32",
      { ...masked, dtype: "int32" },
      { kind: "mask" },
    ],
    [
      "(fp16[3]) cannot be a position: a position is a whole number, not fp16",
      { shape: (t) => [t] },
      { kind: "position" },
    ],
    [
      "(bool[3]) cannot be a position: a position is a whole number, not bool",
      { shape: (t) => [t], dtype: "bool" },
      { kind: "position" },
    ],
    [
      "cannot have the role write_mask: it has no axis of 3 tokens in the block and 1 in the step",
      { shape: () => [1, 1, S, 1] },
      { kind: "write_mask" },
    ],
    [
      "cannot have the role rows: it has no axis of 3 tokens in the block and 1 in the step",
      { shape: () => [4] },
      { kind: "rows" },
    ],
    [
      "cannot have the role position: it has no axis of 3 tokens",
      { shape: () => [1], dtype: "int32" },
      { kind: "position", tokenAxis: 0 },
    ],
    ["has axes 0 to 3; its token axis cannot be 4", masked, { kind: "mask", tokenAxis: 4 }],
    ["has axes 0 to 3; its slot axis cannot be -1", masked, { kind: "mask", slotAxis: -1 }],
    ["has no axes, so token axis 0 is none", { shape: () => [] }, { kind: "rows", tokenAxis: 0 }],
    ["cannot have axis 2 for tokens and for slots", masked, { kind: "mask", tokenAxis: 2, slotAxis: 2 }],
    [
      "has its tokens along axis 2, in which block and step differ, not along 1",
      masked,
      { kind: "mask", tokenAxis: 1 },
    ],
    [
      "cannot be the same at every call: axis 2 has a size of 3 in the block and 1 in the step",
      masked,
      { kind: "shared" },
    ],
    ["has the role rows, which has no slot axis", masked, { kind: "rows", slotAxis: 3 }],
    ["has the role shared, which has no token axis", { shape: () => [4] }, { kind: "shared", tokenAxis: 0 }],
    ["has the role mask, and only rows are a part of the RoPE table", masked, { kind: "mask", rope: "cos" }],
    ["has more than one axis that may count cache rows", { shape: (t) => [S, 4, 1, t] }, { kind: "mask" }],
    ["cannot be a mask: that has an axis of tokens and one of cache rows", { shape: (t) => [t] }, { kind: "mask" }],
  ])("%s", (sentence, fed, facts) => {
    expect(() => found(fed, given(facts))).toThrow(GraphError);
    expect(() => found(fed, given(facts))).toThrow(sentence);
    expect(() => found({ ...fed, role: facts as DeclaredRole })).toThrow(sentence);
  });

  test("a slot axis that is the token axis is told with the mask's own axes too", () => {
    // The token axis is found, and the stated slot axis is the same.
    expect(() => found(masked, given({ kind: "mask", slotAxis: 2 }))).toThrow(
      "cannot have axis 2 for tokens and for slots",
    );
  });

  test("a role for an input that is not there", () => {
    expect(() => found(masked, given({ kind: "mask" }, "n"))).toThrow(
      expect.objectContaining({
        message: 'there is no input "n", for which the option --role gives a role',
        mend: "the inputs are x, m",
      }),
    );
  });
});

describe("not known", () => {
  test("a whole number that nobody speaks of is asked for by name", () => {
    expect(() => found(whole)).toThrow(
      expect.objectContaining({
        message: 'what the host feeds to input "m" (int32[3]) is not known',
        mend: "declare its role where it is made, or say --role m=position (or rows, shared)",
      }),
    );
    expect(found(whole, given({ kind: "rows" }))).toMatchObject({ kind: "rows" });
    expect(meet(fedBy(T, whole), fedBy(1, whole)).open.map((x) => x.input.name)).toEqual(["m"]);
  });

  test.each<[name: string, fed: Fed, why: string]>([
    ["mask", { ...masked, dtype: "int32" }, "cannot be a mask"],
    ["position", { shape: (t) => [t] }, "cannot be a position"],
    ["attn_mask", { shape: () => [1, 1, 1, S] }, "has no axis of 3 tokens"],
  ])("a name is not believed against dtype and shape: %s", (name, fed, why) => {
    expect(() => found({ ...fed, name })).toThrow(`what the host feeds to input "${name}"`);
    expect(() => found({ ...fed, name })).toThrow(why);
  });

  test("rows that may be masks are those guessed from a shape with an axis of the cache's", () => {
    const doubtful = (fed: Fed, roles?: GivenRoles) =>
      doubtfulRoles(twinsOf(fedBy(T, fed), fedBy(1, fed), roles)).map((x) => x.name);
    expect(doubtful(masked)).toEqual(["m"]);
    expect(doubtful(masked, given({ kind: "rows" }))).toEqual([]);
    expect(doubtful({ shape: (t) => [1, 1, t, S + 1] })).toEqual([]);
  });
});

test("one side may tell cache rows by an input of its own, whatever its name", () => {
  const made = (tokens: number, place: Tensor) => {
    const x = input("x", [1, 5, tokens, 1]);
    return graph({ name: `g${tokens}`, inputs: [x, place], outputs: { y: add(x, 1) } });
  };
  const graphs = (role?: DeclaredRole) =>
    [
      made(T, input("w", [1, S, 1, T], "fp16", role ? { role } : {})),
      made(1, input("p", [1], "int32", { role: "position" })),
    ] as const;
  expect(() => twinsOf(...graphs())).toThrow('input "w" of g3 is missing in g1');
  expect(Object.fromEntries(twinsOf(...graphs("write_mask")).roles)).toMatchObject({
    w: { kind: "write_mask", tokenAxis: 3, slotAxis: 1 },
    p: { kind: "position", tokenAxis: 0 },
  });
});
