/** Shapes of JSON from elsewhere, declared once as data: the check at run time and the TypeScript type come from them. */

/** What a value must be. */
export type JsonShape =
  | "string"
  | "number"
  /** A whole number from 0 that a double holds exactly. */
  | "count"
  /** A name in the same folder, with no way out of it. */
  | "file name"
  /** 64 hexadecimal digits in lower case. */
  | "sha256"
  | "boolean"
  | "any"
  | Literals
  | { readonly either: readonly ShapeScalar[] }
  | { readonly list: JsonShape }
  | { readonly record: JsonShape }
  | { readonly optional: JsonShape }
  | { readonly nullable: JsonShape }
  | { readonly fields: ShapeFields; readonly others?: "refused" };
type Literals = { readonly oneOf: readonly (string | number)[] };
type ShapeScalar = "string" | "number" | "boolean" | Literals;
type ShapeFields = Readonly<Record<string, JsonShape>>;

/** The type of the values that have a shape. */
export type Of<S> = S extends "string" | "file name" | "sha256"
  ? string
  : S extends "number" | "count"
    ? number
    : S extends "boolean"
      ? boolean
      : S extends "any"
        ? unknown
        : S extends { readonly oneOf: readonly (infer X)[] }
          ? X
          : S extends { readonly either: readonly (infer X)[] }
            ? Of<X>
            : S extends { readonly list: infer X }
              ? readonly Of<X>[]
              : S extends { readonly record: infer X }
                ? Readonly<Record<string, Of<X>>>
                : S extends { readonly optional: infer X } | { readonly nullable: infer X }
                  ? Of<X> | null
                  : S extends { readonly fields: infer F }
                    ? OfFields<F>
                    : never;
type OfFields<F> = Flat<
  { readonly [K in Exclude<keyof F, OptionalIn<F>>]: Of<F[K]> } & { readonly [K in OptionalIn<F>]?: Of<F[K]> }
>;
/** One object type where there was an intersection, for whoever reads it in an editor. */
type Flat<T> = { readonly [K in keyof T]: T[K] };
type OptionalIn<F> = { [K in keyof F]: F[K] extends { readonly optional: unknown } ? K : never }[keyof F];

/** One of these values and no other. */
export const oneOf = <const X extends readonly (string | number)[]>(...values: X) => ({ oneOf: values }) as const;
/** Any of these. */
export const either = <const X extends readonly ShapeScalar[]>(...shapes: X) => ({ either: shapes }) as const;
/** A list whose every element has the shape. */
export const list = <const X extends JsonShape>(of: X) => ({ list: of }) as const;
/** A field that may be absent, or null. */
export const optional = <const X extends JsonShape>(of: X) => ({ optional: of }) as const;
/** A value that may be null: for elements of a list, which cannot be absent. */
export const nullable = <const X extends JsonShape>(of: X) => ({ nullable: of }) as const;
/** An object with at least these fields. */
export const fields = <const F extends ShapeFields>(of: F) => ({ fields: of }) as const;
/** An object with these fields and no others: a field that nobody reads would be one that somebody believes. */
export const onlyFields = <const F extends ShapeFields>(of: F) => ({ fields: of, others: "refused" }) as const;
/** An object with any keys, whose every value has the shape. */
export const recordOf = <const X extends JsonShape>(of: X) => ({ record: of }) as const;

/** Whether the value has the shape. */
export const hasShape = (value: unknown, shape: JsonShape): boolean => shapeProblem(value, shape) === undefined;

/** The value, typed, when it has the shape. @throws what `refuse` makes of the first thing wrong */
export function shaped<const S extends JsonShape>(value: unknown, shape: S, refuse: (problem: string) => Error): Of<S> {
  const problem = shapeProblem(value, shape);
  if (problem !== undefined) throw refuse(problem);
  return value as Of<S>;
}

/** The first thing wrong, such as `gates[2].verdict is not a string`; undefined when all is well. */
function shapeProblem(value: unknown, shape: JsonShape, place = ""): string | undefined {
  const wrong = (what: string) => `${place === "" ? "it" : place} is not ${what}`;
  if (shape === "any") return undefined;
  if (shape === "count") return isCount(value) ? undefined : wrong("a whole number from 0");
  if (shape === "file name") return isFileName(value) ? undefined : wrong("the name of a file in this folder");
  if (shape === "sha256") return isSHA256(value) ? undefined : wrong("a SHA-256 of 64 hexadecimal digits");
  if (typeof shape === "string") return typeof value === shape ? undefined : wrong(`a ${shape}`);
  if ("oneOf" in shape) return literalProblem(value, shape.oneOf, wrong);
  if ("either" in shape) {
    const fits = shape.either.some((one) => shapeProblem(value, one) === undefined);
    return fits ? undefined : wrong(shape.either.map(scalarText).join(" or "));
  }
  if ("optional" in shape)
    return value === undefined ? undefined : shapeProblem(value, { nullable: shape.optional }, place);
  if ("nullable" in shape) return value === null ? undefined : shapeProblem(value, shape.nullable, place);
  if ("list" in shape) {
    if (!Array.isArray(value)) return wrong("a list");
    return first(value.map((x, i) => () => shapeProblem(x, shape.list, `${place}[${i}]`)));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong("an object");
  const inside = (key: string) => (place === "" ? key : `${place}.${key}`);
  const all = value as Readonly<Record<string, unknown>>;
  const stranger = "others" in shape ? Object.keys(all).find((key) => !Object.hasOwn(shape.fields, key)) : undefined;
  if (stranger !== undefined) return `${inside(stranger)} is no field of this format`;
  const parts =
    "record" in shape ? Object.keys(all).map((key) => [key, shape.record] as const) : Object.entries(shape.fields);
  return first(
    parts.map(
      ([key, x]) =>
        () =>
          shapeProblem(all[key], x, inside(key)),
    ),
  );
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isSHA256 = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const isFileName = (value: unknown): boolean =>
  typeof value === "string" && /^[^/\\\0]+$/.test(value) && value !== "." && value !== "..";

const quoted = (values: readonly (string | number)[]): string => values.map((x) => JSON.stringify(x)).join(", ");
const scalarText = (shape: ShapeScalar): string => (typeof shape === "string" ? `a ${shape}` : quoted(shape.oneOf));

/** A value of another type is told its type, a stranger of the right type what it may be. */
function literalProblem(
  value: unknown,
  values: readonly (string | number)[],
  wrong: (what: string) => string,
): string | undefined {
  if (values.some((x) => x === value)) return undefined;
  const types = [...new Set(values.map((x) => typeof x))];
  if (types.every((type) => type !== typeof value)) return wrong(types.map((type) => `a ${type}`).join(" or "));
  return `${wrong(quoted(values))} but ${JSON.stringify(value)}`;
}

function first(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const problem = check();
    if (problem !== undefined) return problem;
  }
  return undefined;
}
