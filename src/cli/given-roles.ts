/** Roles of inputs from outside the graphs: `--role name=mask` and the JSON of `--interface`. */
import { CACHE_UPDATES, type GivenRoles, ROLE_KINDS, ROPE_PARTS, type StatedFacts } from "../dsl/role.ts";
import { UserError } from "../dsl/user-error.ts";
import { strictJsonOf } from "../files/json.ts";
import { readRegular } from "../files/regular.ts";
import type { Args } from "./command.ts";
import type { Options } from "./option.ts";

const ROLE = /^([^=]+)=(\w+)(?::(\w+=[\w.+-]+(?:,\w+=[\w.+-]+)*))?$/;

/** Options of every command that feeds a graph or reasons about what is fed; docs/interface.md. */
export const ROLE_OPTIONS: Options = {
  role: {
    kind: "forms",
    value: "NAME=KIND",
    form: ROLE,
    like: "m=mask or m=mask:token=3,slot=1,closed=-65504",
    help: `what the host feeds to an input: ${ROLE_KINDS.join(", ")}`,
  },
  interface: { kind: "file", help: "roles of inputs as JSON (docs/interface.md)" },
};

/** What an interface file and the options that go with it say. */
export interface GivenInterface {
  readonly roles: GivenRoles;
  /** Names of another graph's inputs, outputs and states, and what they are called here. */
  readonly names: ReadonlyMap<string, string>;
}

/** The roles that the options state, an option before the file. @throws UserError that names what is wrong */
export async function givenRoles(args: Args): Promise<GivenRoles> {
  const { roles, names } = await givenInterface(args);
  if (names.size === 0) return roles;
  throw new UserError(`${args.text("interface")}: "names" does nothing here`, "it is for graphc equal");
}

/** The same with names, where a command takes some. @throws UserError that names what is wrong */
export async function givenInterface(args: Args): Promise<GivenInterface> {
  const file = args.text("interface");
  const roles = new Map<string, { facts: StatedFacts; source: "option" | "interface file" }>();
  const read = file === undefined ? { inputs: [], names: [] } : await readInterface(file);
  for (const [name, facts] of read.inputs) roles.set(name, { facts, source: "interface file" });
  const seen = new Set<string>();
  for (const text of args.texts("role")) {
    const [name, facts] = roleOption(text);
    if (seen.has(name)) throw new UserError(`--role is given twice for "${name}"`, "keep one");
    seen.add(name);
    roles.set(name, { facts, source: "option" });
  }
  return { roles, names: new Map(read.names) };
}

const AXIS_WORDS: ReadonlyMap<string, "tokenAxis" | "slotAxis"> = new Map([
  ["token", "tokenAxis"],
  ["slot", "slotAxis"],
]);

const NUMBER = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/;
const MASK_WORDS = ["open", "closed"] as const;
/** Of a cache, and of nothing else. */
const CACHE_WORDS = ["rows", "update", "state"] as const;

function roleOption(text: string): readonly [name: string, facts: StatedFacts] {
  const [, name, kind, details] = ROLE.exec(text)! as unknown as [string, string, string, string?];
  const facts = (details?.split(",") ?? []).map((detail) => {
    const [word, value] = detail.split("=") as [string, string];
    return [AXIS_WORDS.get(word) ?? word, NUMBER.test(value) ? Number(value) : value] as const;
  });
  const twice = facts.find(([key], n) => facts.findIndex(([other]) => other === key) < n || key === "kind");
  if (twice) throw new UserError(`--role ${text}: says its ${twice[0]} twice`, "keep one");
  const stated = Object.fromEntries([["kind", kind], ...facts]);
  return [name, checkedFacts(stated, `--role ${text}`, [...AXIS_WORDS.keys(), "rope", ...MASK_WORDS])];
}

type Entries<X> = readonly (readonly [name: string, said: X])[];

/**
 * `{ "inputs": { NAME: KIND or { "kind": …, "tokenAxis": …, "slotAxis": …, "rope": …, "open": …, "closed": … } },
 * "names": { NAME: NAME } }`, either alone or both.
 */
async function readInterface(
  path: string,
): Promise<{ readonly inputs: Entries<StatedFacts>; readonly names: Entries<string> }> {
  const value = objectOf(strictJsonOf(await readRegular(path), path), path);
  const stray = Object.keys(value).find((key) => key !== "inputs" && key !== "names");
  if (stray !== undefined) throw new UserError(`${path}: there is no key ${JSON.stringify(stray)}`, 'it has "inputs"');
  const hasNames = Object.hasOwn(value, "names");
  if (!Object.hasOwn(value, "inputs") && !hasNames) throw new UserError(`${path}: "inputs" is missing`);
  const inputs = objectOf(Object.hasOwn(value, "inputs") ? value.inputs : {}, `${path}: "inputs"`);
  return {
    inputs: Object.entries(inputs).map(([name, role]) => {
      const where = `${path}: input ${JSON.stringify(name)}`;
      const facts = typeof role === "string" ? { kind: role } : objectOf(role, where);
      return [name, checkedFacts(facts, where, [...AXIS_WORDS.values(), "rope", ...MASK_WORDS])];
    }),
    names: Object.entries(hasNames ? objectOf(value.names, `${path}: "names"`) : {}).map(([name, now]) => {
      if (typeof now === "string" && now !== "") return [name, now];
      throw new UserError(`${path}: name ${JSON.stringify(name)} must be mapped to a name, not ${JSON.stringify(now)}`);
    }),
  };
}

function objectOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UserError(`${where} must be an object`);
}

/** The facts, once each is of its kind; whether they fit the input is judged beside the graphs. */
function checkedFacts(facts: Readonly<Record<string, unknown>>, where: string, words: readonly string[]): StatedFacts {
  const known = new Set(["kind", ...AXIS_WORDS.values(), "rope", ...MASK_WORDS, ...CACHE_WORDS]);
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
  for (const key of MASK_WORDS)
    if (Object.hasOwn(facts, key) && typeof facts[key] !== "number")
      throw new UserError(`${where}: "${key}" must be a number, not ${JSON.stringify(facts[key])}`);
  return facts as unknown as StatedFacts;
}

/** An output of new rows, and what the host does with them: it writes them at their slots where nothing is said. */
function cacheFacts(
  { kind: _, update = "slot", rows, state, ...stray }: Readonly<Record<string, unknown>>,
  where: string,
): StatedFacts {
  const [other] = Object.keys(stray);
  if (other !== undefined)
    throw new UserError(`${where}: a cache has no ${JSON.stringify(other)}`, "it has rows, update, state");
  oneOf(CACHE_UPDATES, update, `${where}: "update"`);
  if (typeof rows !== "string")
    throw new UserError(`${where}: a cache says the output with its new rows`, "rows=OUTPUT");
  if (state !== undefined && typeof state !== "string") throw new UserError(`${where}: "state" must be a name`);
  return { kind: "cache", update: "slot", rows, ...(state === undefined ? {} : { state }) };
}

function oneOf(values: readonly string[], value: unknown, what: string): void {
  if (!values.includes(value as string))
    throw new UserError(`${what} must be ${values.join(" or ")}, not ${JSON.stringify(value) ?? "nothing"}`);
}
