/** Small macros over WebAssembly text: the kernels are written in them because V8 in Node 20 inlines no wasm calls. */

/** The value of a local. */
export const get = (name: string): string => `(local.get $${name})`;
/** Assigns a local. */
export const set = (name: string, value: string): string => `(local.set $${name} ${value})`;
/** A 32-bit constant. */
export const i32 = (value: number): string => `(i32.const ${value})`;
/** An instruction of two operands. */
export const call2 = (op: string, a: string, b: string): string => `(${op} ${a} ${b})`;
/** Four equal 32-bit lanes. */
export const lanes = (value: number): string => `(v128.const i32x4 ${value} ${value} ${value} ${value})`;

/** i32 sum, for addresses; wraps. */
export const add = (a: string, b: string): string => call2("i32.add", a, b);
/** i32 product, for addresses; wraps. */
export const mul = (a: string, b: string): string => call2("i32.mul", a, b);
/** The smaller of two unsigned i32; both are evaluated twice. */
export const min = (a: string, b: string): string => `(select ${a} ${b} (i32.lt_u ${a} ${b}))`;
/** Sum of four fp32 lanes. */
export const vadd = (a: string, b: string): string => call2("f32x4.add", a, b);
/** Product of four fp32 lanes. */
export const vmul = (a: string, b: string): string => call2("f32x4.mul", a, b);
/** 16 bytes; `offset` is a constant in bytes. */
export const load = (address: string, offset = 0): string => `(v128.load offset=${offset} ${address})`;
/** Stores 16 bytes; `offset` is a constant in bytes. */
export const store = (address: string, value: string, offset = 0): string =>
  `(v128.store offset=${offset} ${address} ${value})`;

/** Runs one of two lists of statements. */
export const when = (condition: string, then: readonly string[], otherwise: readonly string[] = []): string =>
  `(if ${condition} (then ${then.join("\n")})${otherwise.length ? ` (else ${otherwise.join("\n")})` : ""})`;

/** Runs the body for i = from, from + step, … below `to`; `to` is read before every round. */
export const forEach = (i: string, from: string, to: string, step: number, body: readonly string[]): string =>
  `${set(i, from)} (block $out (loop $again (br_if $out (i32.ge_u ${get(i)} ${to}))
    ${body.join("\n")}
    ${set(i, add(get(i), i32(step)))} (br $again)))`;

/** Names of a kernel's own locals, by type. */
export interface Locals {
  readonly i32?: readonly string[];
  readonly f32?: readonly string[];
  readonly v128?: readonly string[];
}

/**
 * An exported kernel over items [$begin, $end). Its `words` are i32 locals, loaded from the parameter block at $p;
 * $scratch is memory of the calling thread's own.
 */
export function kernel(name: string, words: readonly string[], locals: Locals, body: readonly string[]): string {
  const declare = (type: string, names: readonly string[] = []) => names.map((n) => `(local $${n} ${type})`).join(" ");
  const { text, constants } = hoistConstants(body.join("\n"));
  return `(func (export "${name}") (param $p i32) (param $begin i32) (param $end i32) (param $scratch i32)
  ${declare("i32", words)} ${declare("i32", locals.i32)} ${declare("f32", locals.f32)} ${declare("v128", locals.v128)}
  ${declare(
    "v128",
    constants.map((_, n) => `c${n}`),
  )}
  ${words.map((word, n) => set(word, `(i32.load offset=${4 * n} (local.get $p))`)).join("\n")}
  ${constants.map((value, n) => set(`c${n}`, value)).join("\n")}
  ${text})`;
}

/** Each vector constant once, in a local: it takes 18 bytes where it stands, and leaves the loops. */
function hoistConstants(body: string): { readonly text: string; readonly constants: readonly string[] } {
  const constants = [...new Set(body.match(/\(v128\.const [^)]*\)/g))];
  const text = body.replaceAll(/\(v128\.const [^)]*\)/g, (value) => get(`c${constants.indexOf(value)}`));
  return { text, constants };
}
