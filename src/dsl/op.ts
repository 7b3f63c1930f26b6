/**
 * One declaration per op. Everything the compiler knows about an op is in it, and the declaration is the function
 * that the author calls.
 */
import { type AttrSpecs, resolveAttrs } from "./attr.ts";
import { GraphError } from "./error.ts";
import type { Given, Infos, Op, OperandSpecs, OpSpec } from "./op-spec.ts";
import { infoOf, mapOperands, notesOf, type Operands, resolveOperands } from "./operands.ts";
import { type Site, siteOf } from "./site.ts";
import type { Attrs, Tensor } from "./tensor.ts";
import { show, type TensorType } from "./type.ts";

/**
 * Declares an op. `Signature` is the typed form of the call; it only narrows what TypeScript sees, the rule that
 * counts is `spec.infer`.
 */
export function op<Signature extends (...args: never[]) => unknown>(opName: string) {
  return <const O extends OperandSpecs, const A extends AttrSpecs>(spec: OpSpec<O, A>): Signature & Op => {
    const erased = spec as unknown as OpSpec;
    const build = (...args: readonly unknown[]): Tensor | readonly Tensor[] => {
      const site = siteOf(build);
      const required = Object.keys(spec.operands).filter((key) => !spec.operands[key]!.optional);
      const options = (args[required.length] ?? {}) as Record<string, unknown>;
      const given = { ...options, ...Object.fromEntries(required.map((key, i) => [key, args[i]])) };
      return makeOp({ opName, spec: erased }, given, site);
    };
    return Object.assign(build as unknown as Signature, { opName, spec: erased });
  };
}

/**
 * Builds the value (or values) of an op from operands and attributes by name, and checks everything.
 * @throws GraphError at `site`, with the operands as notes.
 */
export function makeOp(op: Op, given: Given, site: Site): Tensor | readonly Tensor[] {
  const { spec, opName } = op;
  const fail = (text: string, operands: Operands = {}): never => {
    throw new GraphError(`${opName}: ${text}`, site, notesOf(operands));
  };
  const operands = resolveOperands(spec, given, fail);
  const infos = mapOperands(operands, infoOf);
  const full = spec.shorthand?.(given, infos as never) ?? given;
  if (typeof full === "string") return fail(full, operands);
  const unknown = Object.keys(full).find(
    (key) => !Object.hasOwn(spec.operands, key) && !Object.hasOwn(spec.attrs, key),
  );
  if (unknown) fail(`has no operand or attribute "${unknown}"`);
  const attrs = resolveAttrs(spec.attrs, full, infos, (text) => fail(text, operands));
  const make = (part: number): Tensor => {
    const type = typeOfPart(spec, infos, attrs, part);
    if (typeof type === "string") return fail(type, operands);
    const def = {
      kind: "op",
      op: opName,
      traits: spec.traits ?? [],
      operands,
      attrs,
      ...(spec.parts ? { part } : {}),
    } as const;
    return { type, def, site };
  };
  if (!spec.parts) return make(0);
  return Array.from({ length: spec.parts(infos as never, attrs as never) }, (_, part) => make(part));
}

/** The declared type rule of one result, with the checks that hold for every op. */
export function typeOfPart(spec: OpSpec, infos: Infos, attrs: Attrs, part: number): TensorType | string {
  const type = spec.infer(infos as never, attrs as never, part);
  if (typeof type === "string") return type;
  // The tables of palettised weights have two axes more than the weights, and are unpacked too.
  const most = spec.traits?.includes("constexpr") ? 7 : 5;
  if (type.shape.length > most) return `the result ${show(type)} has rank ${type.shape.length}; Core ML allows ${most}`;
  const bad = type.shape.find((n) => !(Number.isSafeInteger(n) && n > 0));
  if (bad !== undefined) return `the result ${show(type)} has an axis of size ${bad}`;
  return { dtype: type.dtype, shape: type.shape };
}
