/** Names that a program may trip over: those of roles, of our own leaves, of objects, prefixes of one another. */

const ODD = [
  "k₀",
  "cut 0",
  "constructor",
  "__proto__",
  "x",
  "toString",
  "attn",
  "attn_mask_",
  "k",
  "k_",
  "k0",
  "w0",
  "i0",
  "weight w",
  "sha256:00",
  "v0",
  "输入",
  "é",
  "e\u0301",
  "x y",
  "hasOwnProperty",
  "position0",
  "out0",
  "-1",
  "0",
  "number",
  "rows 0..2",
  "w0 ",
  "u0",
  "x.",
  "",
  "valueOf",
];

/** Names of roles: harmless where no input has them. */
const ROLES = ["mask", "attn_mask", "position", "kv_write_mask"];

/** The plain names of all families, in an order that keeps their odd ones apart. */
const PLAIN = [
  "x",
  "y",
  "z",
  "bias",
  "k",
  "v",
  "acc",
  "extra",
  "out0",
  "out1",
  "out2",
  "out3",
  "w",
  "m0",
  "m1",
  "c0",
  "c1",
  "b",
  "table",
  "q",
];

/** The plain name, or an odd one of it; different names stay different. Weights are named apart from inputs and states. */
export function nameOf(seed: number, plain: string, of: "interface" | "weight" = "interface"): string {
  const at = PLAIN.indexOf(plain);
  if (at < 0) throw new Error(`${plain} is not among the plain names`);
  if (seed === 0) return plain;
  const list = of === "weight" ? [...ROLES, ...ODD] : ODD.filter((name) => name !== "");
  return list[(at * (1 + (seed % 3) * 2) + seed) % list.length]!;
}
