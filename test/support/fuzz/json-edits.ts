/** Damage to JSON: its bytes, and its structure with values that readers are seldom ready for. */
import fc from "fast-check";

/** What takes the place of a value. */
const STRANGERS: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  5e-324,
  2 ** 53,
  2 ** 31,
  1e15,
  "",
  "__proto__",
  "..",
  "/dev/zero",
  "\u001b[2J\n",
  "n".repeat(5000),
  [],
  {},
  [[[[[[]]]]]],
  { constructor: { prototype: 1 } },
  Array.from({ length: 3000 }, () => 0),
];
/** What takes the place of a key. */
const KEYS = ["__proto__", "constructor", "toString", "", "a", "\n", "size"] as const;

/** One change of a file of JSON. */
export type JsonEdit =
  | { readonly kind: "value"; readonly at: number; readonly by: number }
  | { readonly kind: "key"; readonly at: number; readonly by: number }
  | { readonly kind: "drop"; readonly at: number }
  | { readonly kind: "twice"; readonly at: number }
  | { readonly kind: "deep"; readonly at: number }
  | { readonly kind: "byte"; readonly at: number; readonly to: number }
  | { readonly kind: "cut"; readonly at: number };

/** Every place is as likely: what fast-check prefers, small numbers, would damage the whole again and again. */
const place = fc.noBias(fc.nat(1_000_000));
/** Any of them; places are taken modulo what there is. */
export const jsonEdits: fc.Arbitrary<JsonEdit> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("value" as const), at: place, by: fc.nat(STRANGERS.length - 1) }),
  },
  fc.record({ kind: fc.constant("key" as const), at: place, by: fc.nat(KEYS.length - 1) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("drop" as const), at: place }) },
  fc.record({ kind: fc.constant("twice" as const), at: place }),
  fc.record({ kind: fc.constant("deep" as const), at: place }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("byte" as const), at: place, to: fc.nat(255) }) },
  fc.record({ kind: fc.constant("cut" as const), at: place }),
);

/** The file once it is damaged. */
export function editJson(bytes: Uint8Array, edit: JsonEdit): Uint8Array {
  if (edit.kind === "cut") return bytes.slice(0, edit.at % bytes.length);
  if (edit.kind === "byte") return bytes.with(edit.at % bytes.length, edit.to);
  const root: { value: unknown } = { value: JSON.parse(Buffer.from(bytes).toString()) };
  const spots = spotsOf(root, "value");
  const spot = spots[edit.at % spots.length]!;
  const value = spot.holder[spot.key];
  switch (edit.kind) {
    case "value":
      spot.holder[spot.key] = STRANGERS[edit.by]!;
      return textOf(root.value);
    case "drop":
      delete spot.holder[spot.key];
      return textOf(root.value);
    case "key":
      delete spot.holder[spot.key];
      Object.defineProperty(spot.holder, KEYS[edit.by]!, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
      return textOf(root.value);
    case "twice":
    case "deep":
      spot.holder[spot.key] = MARK;
      return Buffer.from(JSON.stringify(root.value ?? null).replace(JSON.stringify(MARK), strange(edit.kind, value)));
  }
}

const MARK = "the place of the damage";
const strange = (kind: "twice" | "deep", value: unknown): string =>
  kind === "deep" ? "[".repeat(200_000) + "]".repeat(200_000) : `{"k":1,"k":${JSON.stringify(value ?? null)}}`;
const textOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value) ?? "");

interface Spot {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** Every place of a value, the whole one first. */
function spotsOf(holder: object, key: string): readonly Spot[] {
  const value = (holder as Record<string, unknown>)[key];
  const spot: Spot = { holder: holder as Record<string, unknown>, key };
  if (typeof value !== "object" || value === null) return [spot];
  return [spot, ...Object.keys(value).flatMap((inner) => spotsOf(value, inner))];
}
