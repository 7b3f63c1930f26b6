/** The oracle of the fuzz of `diff`: the fields of a model as protobufjs reads them, by the declarations in `proto/`. */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import protobuf from "protobufjs";
import { ROOT } from "../root.ts";

const FILES = ["Model", "MIL", "FeatureTypes"].map((name) => join(ROOT, "proto", `${name}.proto`));
const root = new protobuf.Root();
root.resolvePath = (_, target) => (target.startsWith("/") ? target : join(ROOT, "proto", target));
const Model = root.loadSync(FILES).lookupType("CoreML.Specification.Model");

/** Every field that is set, with 64-bit numbers as text. A Buffer would make Buffers of its bytes, and these equal no others. */
export const fieldsOf = (bytes: Uint8Array): object =>
  Model.toObject(Model.decode(Uint8Array.from(bytes)), { longs: String, enums: Number });

/** NaN equals NaN, −0 does not equal 0, the order of a map does not count. */
export const sameFields = (a: Uint8Array, b: Uint8Array): boolean => isDeepStrictEqual(fieldsOf(a), fieldsOf(b));

/** Whether a message of the model, at any depth, has a field that is not declared, or has it with another wire type. */
export function hasUnknown(bytes: Uint8Array): boolean {
  const reader = Object.assign(protobuf.Reader.create(Uint8Array.from(bytes)), { discardUnknown: false });
  return holdsUnknown(Model.decode(reader));
}

function holdsUnknown(value: unknown): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  if (((value as { $unknowns?: readonly unknown[] }).$unknowns ?? []).length > 0) return true;
  return Object.values(value).some(holdsUnknown);
}
