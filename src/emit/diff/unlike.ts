/** Where two records differ, down to the single number: NaN equals NaN, and −0 is not 0. */

/** One place; absent on one side is undefined there. */
export interface Unlike {
  /** Keys and positions on the way to it. */
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
}

/** Every place at which they differ. Lists of different lengths, and things of different kinds, differ as a whole. */
export function unlike(before: unknown, after: unknown, path: readonly string[] = []): readonly Unlike[] {
  if (Object.is(before, after)) return [];
  const here = [{ path, before, after }];
  if (!isRecord(before) || !isRecord(after) || isList(before) !== isList(after)) return here;
  if (isList(before) && isList(after)) return before.length === after.length ? unlikeItems(before, after, path) : here;
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => unlike(own(before, key), own(after, key), [...path, key]));
}

/** Without a list of positions: a literal may have millions of them. */
function unlikeItems(
  before: ArrayLike<unknown>,
  after: ArrayLike<unknown>,
  path: readonly string[],
): readonly Unlike[] {
  const found: Unlike[] = [];
  for (let i = 0; i < before.length; i++) {
    if (Object.is(before[i], after[i])) continue;
    for (const one of unlike(before[i], after[i], [...path, String(i)])) found.push(one);
  }
  return found;
}

type AnyRecord = Readonly<Record<string, unknown>>;

const isRecord = (x: unknown): x is AnyRecord => typeof x === "object" && x !== null;
const isList = (x: unknown): x is ArrayLike<unknown> => Array.isArray(x) || ArrayBuffer.isView(x);
const own = (x: AnyRecord, key: string): unknown => (Object.hasOwn(x, key) ? x[key] : undefined);

const MOST = 80;

/** A value for people, on one line. */
export function shownValue(x: unknown): string {
  if (x === undefined) return "absent";
  const text = typeof x === "number" ? shownNumber(x) : JSON.stringify(x, (_, y) => shownPart(y));
  return text.length > MOST ? `${text.slice(0, MOST)}…` : text;
}

const shownNumber = (x: number): string => (Object.is(x, -0) ? "-0" : String(x));

function shownPart(x: unknown): unknown {
  if (ArrayBuffer.isView(x)) return Array.from(x as unknown as ArrayLike<number>);
  return typeof x === "number" && (!Number.isFinite(x) || Object.is(x, -0)) ? shownNumber(x) : x;
}
