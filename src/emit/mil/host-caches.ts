/** The caches that a host keeps, as the metadata of a package say them: Core ML has no word for what happens between calls. */
import type { Graph } from "../../dsl/graph.ts";
import { statedCaches } from "../../dsl/host/host-caches.ts";
import { CACHE_UPDATES, type CacheFacts } from "../../dsl/role.ts";
import { UserError } from "../../dsl/user-error.ts";
import { strictJsonOf } from "../../files/json.ts";
import { HOST_CACHES, type MilModel } from "./records.ts";

/** The metadata of a package of this graph; none where no input is such a cache. */
export function cacheMetadata(graph: Graph): Readonly<Record<string, string>> {
  const caches = statedCaches(graph, new Map());
  if (caches.length === 0) return {};
  const facts = caches.map(({ input, facts: { update, rows, state } }) => [
    input.name,
    { update, rows, ...(state === undefined ? {} : { state }) },
  ]);
  return { [HOST_CACHES]: JSON.stringify(Object.fromEntries(facts)) };
}

/**
 * What the metadata say, by input, of every function that has it.
 * @throws UserError for what is not of that form: it is no cache that anything is known of
 */
export function cachesIn({ metadata, functions }: MilModel): ReadonlyMap<string, CacheFacts> {
  const text = metadata[HOST_CACHES];
  if (text === undefined) return new Map();
  const where = `the metadata "${HOST_CACHES}"`;
  const found = Object.entries(objectOf(strictJsonOf(Buffer.from(text), where), where));
  const inputs = new Set(
    functions.flatMap((fn) => fn.inputs.filter(({ type }) => type.kind !== "state").map(({ name }) => name)),
  );
  return new Map(
    found.map(([input, stated]) => {
      if (!inputs.has(input)) throw new UserError(`${where} speak of "${input}", which is no input`);
      return [input, factsOf(objectOf(stated, where), `${where} of "${input}"`)] as const;
    }),
  );
}

function factsOf({ update, rows, state, ...stray }: Readonly<Record<string, unknown>>, where: string): CacheFacts {
  const known = CACHE_UPDATES.find((one) => one === update);
  const isText = typeof rows === "string" && (state === undefined || typeof state === "string");
  if (known && isText && Object.keys(stray).length === 0)
    return { kind: "cache", update: known, rows, ...(state === undefined ? {} : { state: state as string }) };
  throw new UserError(
    `${where} are not of the form { "update": ${CACHE_UPDATES.map((one) => `"${one}"`).join(" or ")}, "rows": OUTPUT, "state": NAME }`,
  );
}

function objectOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UserError(`${where} must be an object`);
}
