/** Arrays that a user gives in files: states at entry, and what is asked of the tensors of a file. */
import type { Tensor } from "../../dsl/tensor.ts";
import { sameType, show, sizeOf, type TensorType } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { RawArray } from "../../passes/kernels/raw.ts";
import { type Arrays, type DoublesAs, readArrays } from "../../weights/safetensors/arrays.ts";
import type { Args } from "../options/command.ts";

/** States, or caches that are inputs: of the file, or zero. */
export async function requestedStates(entries: readonly Tensor[], args: Args): Promise<Arrays> {
  const file = args.text("state");
  const wanted = entries.map(({ name = "", type }) => ({ name, type }));
  if (file === undefined) {
    const zeros = (type: TensorType): RawArray => ({ ...type, data: new Uint16Array(sizeOf(type.shape)) });
    return Object.fromEntries(wanted.map(({ name, type }) => [name, zeros(type)]));
  }
  const values = await readArrays(file, doublesAs(wanted, args));
  const states = Object.fromEntries(Object.entries(values).filter(([name]) => wanted.some((s) => s.name === name)));
  checkNames(states, wanted, file);
  return states;
}

/** Tensors that a file is to hold. */
export type Wanted = readonly { readonly name: string; readonly type: TensorType }[];

/** The yardstick takes doubles, such as what the run before wrote; the reference does not. */
export const doublesAs =
  (wanted: Wanted, args: Args): DoublesAs =>
  (name) =>
    args.text("precision") === "fp64" ? (wanted.find((w) => w.name === name)?.type.dtype ?? "fp16") : undefined;

/** Every wanted tensor is there with its type, and nothing else is. */
export function checkNames(values: Arrays, wanted: Wanted, file: string): void {
  for (const { name, type } of wanted) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (!value) throw new UserError(`${file} has no tensor "${name}"; the graph wants ${show(type)}`);
    if (!sameType(value, type))
      throw new UserError(
        `${file}: "${name}" is ${show(value)}; the graph wants ${show(type)}`,
        value.shape.join() === type.shape.join() ? `convert it to ${type.dtype}` : undefined,
      );
  }
  const stray = Object.keys(values).find((name) => !wanted.some((w) => w.name === name));
  if (stray !== undefined) throw new UserError(`${file}: the graph has no input "${stray}"`);
}
