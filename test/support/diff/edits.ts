/** One edit of a protobuf message: any field of any message in it, set or not, by reflection over the declarations. */
import { create, type DescField, type DescMessage, fromBinary, ScalarType, toBinary } from "@bufbuild/protobuf";
import { type ReflectList, type ReflectMap, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { groupBy } from "../../../src/emit/group.ts";
import { ModelSchema } from "../../../src/emit/mil/gen/Model_pb.js";
import type { Random } from "../ops/draw.ts";

/** A field of one message of the model. */
interface Site {
  readonly message: ReflectMessage;
  readonly field: DescField;
}

/** What was done to which field, and the bytes after it. */
export interface Edited {
  /** `MILSpec.Operation.type`. */
  readonly field: string;
  readonly bytes: Uint8Array;
}

/**
 * The model with one edit. The field is drawn before the message, so that rare ones have their turn; half of the edits are
 * of numbers, texts and lists that are set: most others make a model that is refused. `only` is the beginning of a field's name.
 */
export function editModel(bytes: Uint8Array, random: Random, only = ""): Edited {
  const message = fromBinary(ModelSchema, bytes);
  const root = reflect(ModelSchema, message);
  const all = sitesOf(root).filter((site) => nameOf(site).startsWith(only));
  const telling = random() < 0.5 ? [] : all.filter(isTelling);
  const byField = groupBy(telling.length > 0 ? telling : all, nameOf);
  const draw = drawing(random, [...textsIn(root)]);
  for (;;) {
    const field = draw.pick([...byField.keys()]);
    if (editField(draw.pick(byField.get(field)!), draw)) return { field, bytes: toBinary(ModelSchema, message) };
  }
}

/** Names of all fields that an edit may meet in a model, set or not. */
export const fieldsIn = (bytes: Uint8Array): ReadonlySet<string> =>
  new Set(sitesOf(reflect(ModelSchema, fromBinary(ModelSchema, bytes))).map(nameOf));

const isTelling = ({ message, field }: Site): boolean =>
  message.isSet(field) && field.fieldKind !== "message" && field.fieldKind !== "enum";

const nameOf = ({ field }: Site): string =>
  `${field.parent.typeName.replace("CoreML.Specification.", "")}.${field.name}`;

function sitesOf(message: ReflectMessage): readonly Site[] {
  return message.fields.flatMap((field) => [{ message, field }, ...messagesIn(message, field).flatMap(sitesOf)]);
}

function messagesIn(message: ReflectMessage, field: DescField): readonly ReflectMessage[] {
  if (!message.isSet(field)) return [];
  const value = message.get(field);
  if (field.fieldKind === "message") return [value as ReflectMessage];
  if (field.fieldKind === "list" && field.listKind === "message") return [...(value as ReflectList<ReflectMessage>)];
  if (field.fieldKind === "map" && field.mapKind === "message")
    return [...(value as ReflectMap<string, ReflectMessage>).values()];
  return [];
}

/** Names are swapped for others of the same model more often than for new ones. */
function textsIn(message: ReflectMessage): Set<string> {
  const texts = new Set<string>(["", "new"]);
  for (const { message: one, field } of sitesOf(message))
    if (field.fieldKind === "scalar" && field.scalar === ScalarType.STRING) texts.add(one.get(field) as string);
  return texts;
}

interface Draw {
  readonly int: (n: number) => number;
  readonly pick: <X>(list: readonly X[]) => X;
  readonly texts: readonly string[];
}

function drawing(random: Random, texts: readonly string[]): Draw {
  const int = (n: number) => Math.floor(random() * n);
  return { int, pick: (list) => list[int(list.length)]!, texts };
}

/** Whether anything was changed. */
function editField({ message, field }: Site, draw: Draw): boolean {
  switch (field.fieldKind) {
    case "scalar":
      return setOther(message, field, otherScalar(field.scalar, message.get(field), draw));
    case "enum":
      return setOther(message, field, draw.pick([...field.enum.values.map((value) => value.number), 77]));
    case "message":
      return editMessage(message, field, draw);
    case "list":
      return editList(message.get(field) as ReflectList<unknown>, field, draw);
    case "map":
      return editMap(message.get(field) as ReflectMap<string, unknown>, field, draw);
  }
}

function setOther(message: ReflectMessage, field: DescField, value: unknown): boolean {
  const before = message.isSet(field) ? message.get(field) : undefined;
  if (Object.is(before, value) || (before === undefined && !field.oneof && isDefault(value))) return false;
  message.set(field, value as never);
  return true;
}

const isDefault = (x: unknown): boolean =>
  x === "" || x === false || Object.is(x, 0) || x === 0n || (x instanceof Uint8Array && x.length === 0);

function otherScalar(type: ScalarType, value: unknown, { pick, int, texts }: Draw): unknown {
  switch (type) {
    case ScalarType.STRING:
      return pick([...texts, `${value}_1`]);
    case ScalarType.BOOL:
      return value !== true;
    case ScalarType.BYTES:
      return otherBytes(value as Uint8Array, int);
    case ScalarType.INT64:
    case ScalarType.UINT64: {
      const step = BigInt(pick([1, 2, 64, -1]));
      const next = BigInt((value as bigint | undefined) ?? 0n) + step;
      return type === ScalarType.UINT64 && next < 0n ? 1n : next;
    }
    case ScalarType.INT32:
      return Number(value ?? 0) + pick([1, -1, 2, -3]);
    default:
      return pick([Number.NaN, Infinity, -Infinity, -0, 0, Math.fround(Number(value ?? 0) + 0.5)]);
  }
}

function otherBytes(bytes: Uint8Array, int: Draw["int"]): Uint8Array {
  if (bytes.length === 0 || int(8) === 0) return Uint8Array.from([...bytes, 0]);
  const other = Uint8Array.from(bytes);
  other[int(bytes.length)]! ^= 1 << int(8);
  return other;
}

function editMessage(message: ReflectMessage, field: DescField & { fieldKind: "message" }, draw: Draw): boolean {
  if (message.isSet(field)) message.clear(field);
  else message.set(field, reflect(field.message, filled(field.message, draw)));
  return true;
}

/** An empty message, or one with its scalars set. */
function filled(schema: DescMessage, draw: Draw) {
  const message = create(schema);
  if (draw.int(2) === 0) return message;
  const fields = reflect(schema, message);
  for (const field of schema.fields)
    if (field.fieldKind === "scalar" && !field.oneof) editField({ message: fields, field }, draw);
  return message;
}

function editList(list: ReflectList<unknown>, field: DescField & { fieldKind: "list" }, draw: Draw): boolean {
  const how = draw.int(list.size === 0 ? 1 : 5);
  const at = draw.int(Math.max(list.size, 1));
  const items = [...list];
  if (how === 0) list.add(newItem(field, draw) as never);
  else if (how === 1) refill(list, items.toSpliced(at, 1));
  else if (how === 2) refill(list, items.toSpliced(at, 0, items[at]));
  else if (how === 3) return swap(list, items, at, draw.int(items.length));
  else if (field.listKind === "scalar") {
    const other = otherScalar(field.scalar, items[at], draw);
    if (Object.is(other, items[at])) return false;
    refill(list, items.with(at, other));
  } else return false;
  return true;
}

function newItem(field: DescField & { fieldKind: "list" }, draw: Draw): unknown {
  if (field.listKind === "message") return reflect(field.message, filled(field.message, draw));
  return field.listKind === "scalar" ? otherScalar(field.scalar, zeroOf(field.scalar), draw) : 0;
}

function zeroOf(type: ScalarType): unknown {
  if (type === ScalarType.STRING) return "";
  return type === ScalarType.INT64 || type === ScalarType.UINT64 ? 0n : 0;
}

function refill(list: ReflectList<unknown>, items: readonly unknown[]): void {
  list.clear();
  for (const item of items) list.add(item as never);
}

/** Of two that are the same nothing would change; they are told apart by the bytes alone. */
function swap(list: ReflectList<unknown>, items: readonly unknown[], i: number, j: number): boolean {
  if (i === j) return false;
  refill(list, items.with(i, items[j]).with(j, items[i]));
  return true;
}

function editMap(map: ReflectMap<string, unknown>, field: DescField & { fieldKind: "map" }, draw: Draw): boolean {
  const keys = [...map.keys()];
  const name = draw.pick([...draw.texts, ...NAMES]);
  const value = keys.length > 0 ? map.get(draw.pick(keys))! : undefined;
  const how = draw.int(keys.length === 0 ? 1 : 3);
  if (how === 0) map.set(name, (value ?? newValue(field, draw)) as never);
  else {
    const key = draw.pick(keys);
    const moved = map.get(key)!;
    map.delete(key);
    if (how === 1) map.set(name, moved as never);
  }
  return true;
}

/** Keys that mean something to some reader. */
const NAMES = ["main", "name", "val", "axes", "x", "CoreML8", "buildInfo", "constructor", "toString"];

const newValue = (field: DescField & { fieldKind: "map" }, draw: Draw): unknown =>
  field.mapKind === "message" ? reflect(field.message, filled(field.message, draw)) : "new";
