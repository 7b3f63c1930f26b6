/**
 * Caches that the host keeps: inputs whose new rows, or all of whose rows, are an output. What the host does with it between two calls is
 * written as ops, so that such a graph is one with states, and all that is known of states is known of it.
 */
import { GraphError } from "../error.ts";
import type { Graph, State } from "../graph.ts";
import { replaced } from "../rewrite.ts";
import type { CacheFacts, GivenRoles, HostCache, RoleSource, Roles } from "../role.ts";
import type { Tensor } from "../tensor.ts";
import { sameType } from "../type.ts";
import { hostReplace, hostShift, hostWrite, rowAxis } from "./host-write.ts";
import { knownFacts, statedFacts } from "./roles.ts";
import { VALID_ROWS, validRows } from "./valid-rows.ts";

/** Graphs whose host's caches are states, and the roles that were stated of their other inputs. */
export interface WithHost {
  readonly graphs: readonly Graph[];
  readonly given: GivenRoles;
}

/** @throws GraphError for a cache whose rows, or the places of whose rows, are not there or do not fit it */
export function withHostCaches(graphs: readonly Graph[], given: GivenRoles): WithHost {
  const closed = new Set<string>();
  const made = graphs.map((graph) => closeCaches(graph, given, closed));
  checkOneHost(made);
  const appended = made.flatMap(hostCaches).find(({ update }) => update === "append");
  const others = new Map([...given].filter(([name]) => !closed.has(name)));
  return {
    graphs: made,
    given: appended ? others.set(VALID_ROWS, { facts: { kind: "position" }, source: appended.source }) : others,
  };
}

/** One host keeps the caches of all the graphs: an input is one state everywhere, of the same rows. @throws GraphError where it is not */
function checkOneHost(graphs: readonly Graph[]): void {
  const kept = graphs.flatMap(({ states }) =>
    states.flatMap(({ name, entry, host }) => (host ? [{ name, site: entry.site, ...host }] : [])),
  );
  for (const one of kept) {
    const other = kept.find((x) => (x.input === one.input || x.name === one.name) && !isKeptAlike(x, one));
    if (!other) continue;
    const updates = one.update !== other.update;
    const axes = one.axis !== other.axis && !updates;
    const said = [one, other].map(
      ({ input, name, rows, update, axis }) =>
        `"${input}" the state ${name} of the rows ${rows}${updates ? ` by ${update}` : ""}${axes ? ` along axis ${axis}` : ""}`,
    );
    throw new GraphError(`one host cannot keep both: ${said.join(" in one graph, ")} in the other`, one.site, [], MEND);
  }
}

interface NamedCache extends HostCache {
  /** Of the state. */
  readonly name: string;
}

/** Whether a host that keeps one of them keeps the other; an axis is unknown where nothing depends on it. */
const isKeptAlike = (a: NamedCache, b: NamedCache): boolean =>
  (["input", "name", "rows", "update"] as const).every((key) => a[key] === b[key]) &&
  (a.axis === b.axis || a.axis === undefined || b.axis === undefined);

/** The caches of a graph that the host keeps. */
export const hostCaches = ({ states }: Graph): readonly HostCache[] => states.flatMap(({ host }) => host ?? []);

/** A cache as it was stated. */
export interface StatedCache {
  readonly input: Tensor;
  readonly facts: CacheFacts;
  readonly source: RoleSource;
}

/** The inputs of a graph that were stated to be caches. */
export const statedCaches = ({ inputs }: Graph, given: GivenRoles): readonly StatedCache[] =>
  inputs.flatMap((input) => {
    const stated = statedFacts(input, given);
    return stated?.facts.kind === "cache" ? [{ input, facts: stated.facts, source: stated.source }] : [];
  });

function closeCaches(graph: Graph, given: GivenRoles, closed: Set<string>): Graph {
  const caches = statedCaches(graph, given);
  if (caches.length === 0) return graph;
  checkOnce(caches);
  for (const { input } of caches) closed.add(input.name ?? "");
  const isCache = new Set(caches.map(({ input }) => input));
  const others = graph.inputs.filter((x) => !isCache.has(x));
  const does = (update: CacheFacts["update"]) => caches.some(({ facts }) => facts.update === update);
  const places: Places = {
    ...(does("slot") ? { slot: placeOf(graph, others, given) } : {}),
    ...(does("append") ? { append: validRows(graph) } : {}),
  };
  const entries = new Map(caches.map(({ input, facts }) => [input, entryOf(graph, input, facts)]));
  const now = replaced(graph, (value) => entries.get(value));
  const states = caches.map(({ input, facts, source }): State => {
    const entry = entries.get(input)!;
    const { rows, update } = facts;
    const done = doneTo(entry, now(rowsOf(graph, input, facts)), update, places);
    return {
      name: entry.name!,
      entry,
      exit: done.exit,
      host: { input: input.name!, rows, update, ...done.host, source },
    };
  });
  const kept = new Set(caches.map(({ facts }) => facts.rows));
  const outputs = Object.entries(graph.outputs).filter(([name]) => !kept.has(name));
  return {
    ...graph,
    inputs: [...others, ...(places.append ? [places.append] : [])],
    states: [...graph.states.map((state) => ({ ...state, exit: now(state.exit) })), ...states],
    outputs: Object.fromEntries(outputs.map(([name, value]) => [name, now(value)])),
  };
}

/** What tells the cache rows of a call's tokens, where the host writes rows at some. */
type Places = { readonly [update in "slot" | "append"]?: Tensor };

/** What the host makes of a cache by an output, and what that depends on. */
function doneTo(cache: Tensor, output: Tensor, update: CacheFacts["update"], places: Places) {
  switch (update) {
    case "slot":
    case "append": {
      const place = places[update]!;
      return { exit: hostWrite(cache, output, place), host: { place: place.name!, axis: rowAxis(cache, output) } };
    }
    case "replace":
      return { exit: hostReplace(cache, output), host: {} };
    case "shift":
      // As many new rows as there are drop all of the old ones, along whichever axis.
      return {
        exit: hostShift(cache, output),
        host: sameType(cache.type, output.type) ? {} : { axis: rowAxis(cache, output) },
      };
  }
}

/** Each output is the rows of one cache. */
function checkOnce(caches: readonly StatedCache[]): void {
  const twice = caches.find(({ facts }, k) => caches.some((one, n) => n < k && one.facts.rows === facts.rows));
  if (twice)
    throw new GraphError(
      `output "${twice.facts.rows}" is said to be the rows of two caches`,
      twice.input.site,
      [],
      MEND,
    );
}

const MEND = "say --role CACHE=cache:rows=OUTPUT, or declare it where the input is made";

/** The input that tells the slots; all of them tell the same (P10). */
function placeOf(graph: Graph, others: readonly Tensor[], given: GivenRoles): Tensor {
  const ofKind = (kind: string) =>
    others.find((x) => {
      const facts = knownFacts(x, given)?.facts;
      return facts?.kind === kind && (facts.offset ?? 0) === 0;
    });
  const place = ofKind("write_mask") ?? ofKind("position");
  if (place) return place;
  throw new GraphError(
    `${graph.name} has caches whose rows the host writes at their slots, and no write mask or position that tells them`,
    graph.inputs[0]!.site,
  );
}

function entryOf(graph: Graph, input: Tensor, { state = input.name! }: CacheFacts): Tensor {
  const taken = [...graph.inputs, ...graph.states.map(({ entry }) => entry)].find(
    (x) => x !== input && x.name === state,
  );
  if (taken) throw new GraphError(`cache "${input.name}" cannot be called ${state}: there is one already`, input.site);
  return { ...input, def: { kind: "state", name: state }, name: state };
}

function rowsOf({ name, outputs }: Graph, input: Tensor, { rows }: CacheFacts): Tensor {
  const found = Object.hasOwn(outputs, rows) ? outputs[rows] : undefined;
  if (found) return found;
  const text = `${name} has no output "${rows}", which is said to be the new rows of cache "${input.name}"`;
  throw new GraphError(text, input.site, [], `the outputs are ${Object.keys(outputs).join(", ")}`);
}

/** That the inputs which tell slots have the axes by which the host's writes were made. @throws GraphError where one has not */
export function checkPlaces(graphs: readonly Graph[], roles: Roles): void {
  for (const graph of graphs)
    for (const { input, place } of hostCaches(graph)) {
      if (place === undefined) continue;
      const role = roles.get(place);
      const rank = graph.inputs.find((x) => x.name === place)?.type.shape.length ?? 0;
      const usual = role?.kind === "write_mask" && role.tokenAxis === rank - 1 && role.slotAxis === rank - 2;
      if (usual || role?.kind === "position") continue;
      throw new GraphError(
        `the slots of cache "${input}" are told by "${place}", whose last two axes are not slots and tokens`,
        graph.inputs[0]!.site,
      );
    }
}
