/** Our reading of a model's bytes beside that of protobufjs, by the same declarations: what is taken, and what is read. */
import { isDeepStrictEqual } from "node:util";
import type { DescField } from "@bufbuild/protobuf";
import { type ReflectList, type ReflectMap, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { isUserError } from "../../../src/dsl/user-error.ts";
import { ModelSchema } from "../../../src/emit/mil/gen/Model_pb.js";
import { parseModel } from "../../../src/emit/read/decode/parse.ts";
import { fieldsOf, hasUnknown } from "../diff/fields.ts";

/** What both refuse, both read alike, or we alone refuse, on purpose: then the name of the class. */
export type WireOutcome = "refused" | "read" | (typeof ON_PURPOSE)[number]["name"];

/** What protobuf takes and we do not, by our sentence; `holds` is what protobufjs has to say of the bytes then. */
const ON_PURPOSE = [
  // protobuf keeps or drops what it has no name for, and a field of another wire type is such.
  { name: "unknown field", sentence: /^a \w+ message has the field \d+/, holds: hasUnknown },
  { name: "unknown field of a map entry", sentence: /^a key or value of \w+ has the field/, holds: () => true },
  // protobufjs does not count map entries as messages; protobuf in C++, which Core ML has, does.
  { name: "nested deeper than 100", sentence: /more than 100 messages deep/, holds: () => true },
  // protobuf in C++ merges them, the decoder that we build on takes the last.
  {
    name: "map entry with a key or value twice",
    sentence: /^an entry of \w+ has its (key|value) twice/,
    holds: () => true,
  },
  { name: "__proto__ as a key", sentence: /^"__proto__" is no name/, holds: () => true },
  // Our decoder would drop it.
  { name: "text with a byte order mark", sentence: /begins with a byte order mark/, holds: () => true },
] as const;

/** The names of the classes. */
export const CLASSES: readonly WireOutcome[] = ["refused", "read", ...ON_PURPOSE.map(({ name }) => name)];

/** How the two readings agree; a sentence where they do not. */
export function judgeWire(bytes: Uint8Array): { readonly outcome: WireOutcome } | { readonly wrong: string } {
  const [ours, theirs] = [attempt(() => ourFields(bytes)), attempt(() => fieldsOf(bytes))];
  if ("error" in ours && !isUserError(ours.error)) return { wrong: `we fail: ${ours.error}` };
  if ("error" in ours) return judgeRefused(bytes, ours.error as Error, theirs);
  if ("error" in theirs) return { wrong: `protobufjs refuses: ${theirs.error}` };
  return isDeepStrictEqual(ours.value, theirs.value) ? { outcome: "read" } : { wrong: "read otherwise" };
}

function judgeRefused(bytes: Uint8Array, { message }: Error, theirs: Attempt): ReturnType<typeof judgeWire> {
  if ("error" in theirs) return { outcome: "refused" };
  const found = ON_PURPOSE.find(({ sentence }) => sentence.test(message));
  if (!found) return { wrong: `only we refuse: ${message}` };
  return found.holds(bytes) ? { outcome: found.name } : { wrong: `protobufjs knows every field: ${message}` };
}

type Attempt = { readonly value: object } | { readonly error: unknown };

function attempt(read: () => object): Attempt {
  try {
    return { value: read() };
  } catch (error) {
    return { error };
  }
}

function ourFields(bytes: Uint8Array): object {
  const { message, stranger } = parseModel(bytes);
  if (stranger !== undefined) throw Object.assign(new Error(stranger), { name: "UserError" });
  return plainMessage(reflect(ModelSchema, message));
}

/** Every field that is set, as protobufjs shows it. */
function plainMessage(message: ReflectMessage): object {
  const set = message.fields.filter((field) => message.isSet(field));
  return Object.fromEntries(set.map((field) => [field.localName, plainField(field, message)]));
}

function plainField(field: DescField, message: ReflectMessage): unknown {
  const value = message.get(field);
  if (field.fieldKind === "list") return [...(value as ReflectList<unknown>)].map(plain);
  if (field.fieldKind !== "map") return plain(value);
  return Object.fromEntries([...(value as ReflectMap<string, unknown>)].map(([key, x]) => [key, plain(x)]));
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  const isMessage = typeof value === "object" && value !== null && "desc" in value;
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  return isMessage ? plainMessage(value as ReflectMessage) : value;
}
