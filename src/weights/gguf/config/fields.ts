/** Typed access to the metadata of an architecture in a GGUF file, by the names of its keys behind the architecture's. */
import { UserError } from "../../../dsl/user-error.ts";
import type { GgufValue } from "../header.ts";

/** The keys of one architecture. */
export interface Fields {
  readonly architecture: string;
  /** @throws UserError where it is missing or no number */
  number(name: string): number;
  optional(name: string): number | undefined;
  text(name: string): string | undefined;
  /** As the file has it. */
  value(name: string): GgufValue | undefined;
  /** The keys that nothing has asked for. */
  unread(): readonly string[];
  /** @throws UserError that says this of the key */
  fail(name: string, text: string): never;
}

/** The keys of an architecture, which begin with its name; numbers are those that were written, where the file holds them as fp32. */
export function fieldsOf(path: string, metadata: ReadonlyMap<string, GgufValue>, architecture: string): Fields {
  const prefix = `${architecture}.`;
  const fail = (name: string, text: string): never => {
    throw new UserError(`${path}: "${prefix}${name}" ${text}`);
  };
  const read = new Set<string>();
  const valueAt = (name: string) => {
    read.add(prefix + name);
    return metadata.get(prefix + name);
  };
  const typed = (name: string, type: "number" | "string") => {
    const value = valueAt(name);
    return value === undefined || typeof value === type ? value : fail(name, `must be a ${type}`);
  };
  const optional = (name: string): number | undefined => {
    const value = typed(name, "number") as number | undefined;
    return value === undefined ? undefined : asWritten(value);
  };
  return {
    architecture,
    optional,
    number: (name) => optional(name) ?? fail(name, "is missing"),
    text: (name) => typed(name, "string") as string | undefined,
    value: valueAt,
    unread: () =>
      [...metadata.keys()]
        .filter((key) => key.startsWith(prefix) && !read.has(key))
        .map((key) => key.slice(prefix.length)),
    fail,
  };
}

/** The shortest decimal number that fp32 rounds to this one: 1e-5 for 0.000009999999747378752. */
function asWritten(x: number): number {
  if (Math.fround(x) !== x || Number.isInteger(x)) return x;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return short;
  }
  return x;
}
