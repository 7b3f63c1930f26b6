/** A role as somebody states it in words, on the command line or in a file: its facts, once each is of its kind. */
import { CACHE_UPDATES, MINUS_INFINITY, ROLE_KINDS, ROPE_PARTS, type StatedFacts } from "../dsl/role.ts";
import { UserError } from "../dsl/user-error.ts";

/** What an option calls an axis, and what a file does. */
export const AXIS_WORDS: ReadonlyMap<string, "tokenAxis" | "slotAxis"> = new Map([
  ["token", "tokenAxis"],
  ["slot", "slotAxis"],
]);
/** Numbers of a mask. */
const MASK_WORDS = ["open", "closed"] as const;
/** What else a role may say, beside its axes. */
export const OTHER_WORDS = ["rope", ...MASK_WORDS, "first", "offset"] as const;
/** Of a cache, and of nothing else. */
const CACHE_WORDS = ["rows", "update", "state"] as const;

/** The facts, once each is of its kind; whether they fit the input is judged beside the graphs. */
export function checkedFacts(
  facts: Readonly<Record<string, unknown>>,
  where: string,
  words: readonly string[],
): StatedFacts {
  const known = new Set(["kind", ...AXIS_WORDS.values(), ...OTHER_WORDS, ...CACHE_WORDS]);
  const stray = Object.keys(facts).find((key) => !known.has(key));
  if (stray !== undefined)
    throw new UserError(
      `${where}: a role has no ${JSON.stringify(stray)}`,
      `beside its kind it has ${words.join(", ")}`,
    );
  oneOf(ROLE_KINDS, facts.kind, `${where}: the role`);
  if (facts.kind === "cache") return cacheFacts(facts, where);
  const ofCache = CACHE_WORDS.find((word) => Object.hasOwn(facts, word));
  if (ofCache) throw new UserError(`${where}: the role ${facts.kind} has no "${ofCache}", which is a cache's`);
  if (Object.hasOwn(facts, "rope")) oneOf(ROPE_PARTS, facts.rope, `${where}: "rope"`);
  for (const key of AXIS_WORDS.values())
    if (Object.hasOwn(facts, key) && !(Number.isSafeInteger(facts[key]) && (facts[key] as number) >= 0))
      throw new UserError(`${where}: an axis must be a whole number from 0, not ${JSON.stringify(facts[key])}`);
  if (Object.hasOwn(facts, "first") && typeof facts.first !== "string")
    throw new UserError(`${where}: "first" must be the name of an input, not ${JSON.stringify(facts.first)}`);
  if (Object.hasOwn(facts, "offset") && !Number.isSafeInteger(facts.offset))
    throw new UserError(`${where}: "offset" must be a whole number, not ${JSON.stringify(facts.offset)}`);
  const infinite = facts.closed === MINUS_INFINITY;
  for (const key of MASK_WORDS)
    if (Object.hasOwn(facts, key) && typeof facts[key] !== "number" && !(infinite && key === "closed"))
      throw new UserError(`${where}: "${key}" must be a number, not ${JSON.stringify(facts[key])}`);
  const stated = facts as unknown as StatedFacts;
  return infinite ? ({ ...stated, closed: Number.NEGATIVE_INFINITY } as StatedFacts) : stated;
}

/** An output of new rows, and what the host does with them: it writes them at their slots where nothing is said. */
function cacheFacts(
  { kind: _, update = "slot", rows, state, ...stray }: Readonly<Record<string, unknown>>,
  where: string,
): StatedFacts {
  const [other] = Object.keys(stray);
  if (other !== undefined)
    throw new UserError(`${where}: a cache has no ${JSON.stringify(other)}`, "it has rows, update, state");
  const does = oneOf(CACHE_UPDATES, update, `${where}: "update"`);
  if (typeof rows !== "string")
    throw new UserError(`${where}: a cache says the output with its new rows`, "rows=OUTPUT");
  if (state !== undefined && typeof state !== "string") throw new UserError(`${where}: "state" must be a name`);
  return { kind: "cache", update: does, rows, ...(state === undefined ? {} : { state }) };
}

function oneOf<X extends string>(values: readonly X[], value: unknown, what: string): X {
  const found = values.find((known) => known === value);
  if (found !== undefined) return found;
  throw new UserError(`${what} must be ${values.join(" or ")}, not ${JSON.stringify(value) ?? "nothing"}`);
}
