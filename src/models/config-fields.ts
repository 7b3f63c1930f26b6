/** Typed access to the fields of a config.json by name; what is not given has Hugging Face's default, and that is told. */
import { UserError } from "../dsl/user-error.ts";
import { brief } from "./brief.ts";

/** A parsed JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** Every size counts places that Core ML indexes with int32. */
const MOST = 2 ** 31 - 1;

/** Each reads one field and refuses in one sentence. A field that is null is not there, and has no default. */
export interface Fields {
  /** A value is given, or is the default. */
  has(name: string): boolean;
  /** A positive whole number, and no more than `most`. */
  size(name: string, most?: number): number;
  positive(name: string): number;
  /** One for each pair of rotary dims. */
  positives(name: string, count: number): readonly number[];
  boolean(name: string): boolean;
  string(name: string): string;
  /** A list with an element for each layer, each of them one of `words`. */
  perLayer<const W extends string | number>(name: string, layers: number, words: readonly W[]): readonly W[];
  /** Tells that what is not given is taken to be this. */
  assume(name: string, what: string): void;
  fail(text: string, mend?: string): never;
  /** Every default that was taken so far, as a sentence. */
  notes(): readonly string[];
}

/** Where the fields are looked for, all of them, and what they are when they are nowhere. */
export interface FieldsOptions {
  readonly places: readonly Json[];
  readonly where: string;
  readonly defaults: Json;
}

/** The fields of these places; where two of them differ, neither is believed. */
export function fieldsOf({ places, where, defaults }: FieldsOptions): Fields {
  const assumed = new Map<string, string>();
  const fail = (text: string, mend?: string): never => {
    throw new UserError(`${where}: ${text}`, mend);
  };
  const find = (name: string): unknown => {
    const given = places.filter((place) => Object.hasOwn(place, name) && place[name] !== undefined);
    const found = given.map((place) => place[name]).filter((value) => value !== null);
    const other = found.find((value) => JSON.stringify(value) !== JSON.stringify(found[0]));
    if (other !== undefined)
      fail(`"${name}" is given twice, as ${brief(found[0])} and as ${brief(other)}`, "keep the right one");
    if (given.length > 0) return found[0];
    const usual = Object.hasOwn(defaults, name) ? (defaults[name] ?? undefined) : undefined;
    if (usual !== undefined) assumed.set(name, brief(usual));
    return usual;
  };
  const typed = <T>(name: string, what: string, is: (value: unknown) => value is T): T => {
    const value = find(name);
    if (value === undefined) return fail(`"${name}" is missing`, `add it (${what})`);
    return is(value) ? value : fail(`"${name}" must be ${what}, not ${brief(value)}`);
  };
  return {
    fail,
    has: (name) => find(name) !== undefined,
    size(name, most = MOST) {
      const size = typed(name, "a positive whole number", isSize);
      return size <= most ? size : fail(`"${name}" is ${size}, and graphc takes ${most} at most`);
    },
    positive: (name) => typed(name, "a positive number", isPositive),
    positives: (name, count) =>
      typed(name, `a list of ${count} positive numbers, one per pair of rotary dims`, (value) => isList(value, count)),
    boolean: (name) => typed(name, "true or false", (value) => typeof value === "boolean"),
    string: (name) => typed(name, "a string", (value) => typeof value === "string"),
    perLayer: (name, layers, words) =>
      typed(
        name,
        `a list of ${layers}, one of ${words.map((word) => JSON.stringify(word)).join(" and ")} for each layer`,
        (value) => isPerLayer(value, layers, words),
      ),
    assume: (name, what) => assumed.set(name, what),
    notes: () => [...assumed].map(([name, what]) => `${name} is not given; Hugging Face's default ${what}`),
  };
}

/** A JSON object. @throws UserError that names what must be one */
export function recordOf(value: unknown, what: string, where: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UserError(`${where}: ${what} must hold a JSON object, not ${brief(value)}`);
  return value as Json;
}

const isPositive = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value > 0;
const isSize = (value: unknown): value is number => isPositive(value) && Number.isInteger(value);
const isList = (value: unknown, count: number): value is readonly number[] =>
  Array.isArray(value) && value.length === count && value.every(isPositive);
const isPerLayer = <W>(value: unknown, layers: number, words: readonly W[]): value is readonly W[] =>
  Array.isArray(value) && value.length === layers && value.every((word) => words.includes(word));
