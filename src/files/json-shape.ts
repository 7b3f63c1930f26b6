/** Checks that JSON from elsewhere has the fields that a type says, naming the place of the first that is not there. */

/** What a value must be; `optional` allows absence and null. */
export type JsonShape =
  | "string"
  | "number"
  | "boolean"
  | "any"
  | { readonly list: JsonShape }
  | { readonly record: JsonShape }
  | { readonly optional: JsonShape }
  | { readonly fields: Readonly<Record<string, JsonShape>> };

export const list = (of: JsonShape): JsonShape => ({ list: of });
export const optional = (of: JsonShape): JsonShape => ({ optional: of });
export const fields = (of: Readonly<Record<string, JsonShape>>): JsonShape => ({ fields: of });
export const recordOf = (of: JsonShape): JsonShape => ({ record: of });

/** The first thing wrong, such as `gates[2].verdict is not a string`; undefined when all is well. Other fields may be there. */
export function shapeProblem(value: unknown, shape: JsonShape, place = ""): string | undefined {
  const wrong = (what: string) => `${place === "" ? "it" : place} is not ${what}`;
  if (shape === "any") return undefined;
  if (typeof shape === "string") return typeof value === shape ? undefined : wrong(`a ${shape}`);
  if ("optional" in shape)
    return value === undefined || value === null ? undefined : shapeProblem(value, shape.optional, place);
  if ("list" in shape) {
    if (!Array.isArray(value)) return wrong("a list");
    return first(value.map((x, i) => () => shapeProblem(x, shape.list, `${place}[${i}]`)));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong("an object");
  const inside = (key: string) => (place === "" ? key : `${place}.${key}`);
  const all = value as Readonly<Record<string, unknown>>;
  if ("record" in shape)
    return first(
      Object.entries(all).map(
        ([key, x]) =>
          () =>
            shapeProblem(x, shape.record, inside(key)),
      ),
    );
  return first(
    Object.entries(shape.fields).map(
      ([key, x]) =>
        () =>
          shapeProblem(all[key], x, inside(key)),
    ),
  );
}

function first(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const problem = check();
    if (problem !== undefined) return problem;
  }
  return undefined;
}
