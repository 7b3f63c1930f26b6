/** Whether two graphs have one interface, by name and by type, and whether it is one of a single token. */
import type { Graph } from "../graph.ts";
import { renamedInterface } from "../rename.ts";
import type { GivenRoles } from "../role.ts";
import type { Tensor } from "../tensor.ts";
import { sameType, show, sizeOf } from "../type.ts";
import { UserError } from "../user-error.ts";
import { fittedRole } from "./role-fit.ts";
import { knownFacts, statedFacts } from "./roles.ts";
import type { Twins } from "./twins.ts";

/** A graph, and what the user calls it. */
export interface Called {
  readonly graph: Graph;
  readonly shown: string;
}

/** Inputs, states and outputs of a graph by name. */
const namedParts = ({ inputs, states, outputs }: Graph) =>
  ({
    input: new Map(inputs.map((x) => [x.name ?? "", x])),
    state: new Map(states.map(({ name, entry }) => [name, entry])),
    output: new Map(Object.entries(outputs)),
  }) satisfies Readonly<Record<string, ReadonlyMap<string, Tensor>>>;

const PARTS = ["input", "state", "output"] as const;

/**
 * `b` with the names of `a`, where `names` maps one to the other.
 * @throws UserError for a name that is in neither, or that two of `b` would have
 */
export function withNamesOf(a: Called, b: Called, names: ReadonlyMap<string, string>): Called {
  const [own, other] = [namesOf(a.graph), namesOf(b.graph)];
  for (const [from, to] of names) {
    if (!other.has(from)) throw noSuchName(b.shown, from, other);
    if (!own.has(to)) throw noSuchName(a.shown, to, own);
  }
  for (const part of PARTS) {
    const seen = new Map<string, string>();
    for (const name of namedParts(b.graph)[part].keys()) {
      const now = names.get(name) ?? name;
      const before = seen.get(now);
      if (before !== undefined)
        throw new UserError(
          `${part}s "${before}" and "${name}" of ${b.shown} would both be called "${now}"`,
          "map each to another name",
        );
      seen.set(now, name);
    }
  }
  return { ...b, graph: renamedInterface(b.graph, names) };
}

const namesOf = (graph: Graph): ReadonlySet<string> => {
  const parts = namedParts(graph);
  return new Set(PARTS.flatMap((part) => [...parts[part].keys()]));
};

const noSuchName = (shown: string, name: string, known: ReadonlySet<string>): UserError =>
  new UserError(`${shown} has no input, state or output "${name}", which is mapped`, `it has ${[...known].join(", ")}`);

/**
 * Holds that the two have the same inputs, states and outputs, each of one type. Of calls of one token an input that tells cache rows may
 * stand in one of them alone.
 * @throws UserError that lists what is in one alone, or the first that has another type
 */
export function checkSameInterface(a: Called, b: Called, given: GivenRoles, oneToken: boolean): void {
  const [own, other] = [namedParts(a.graph), namedParts(b.graph)];
  const alone = PARTS.flatMap((part) => {
    const [here, there] = [missingIn(own[part], other[part]), missingIn(other[part], own[part])];
    if (oneToken && part === "input" && [...here, ...there].every((x) => tellsRows(x, given))) return [];
    return here.length + there.length > 0 ? [{ part, here: here.map(nameOf), there: there.map(nameOf) }] : [];
  });
  if (alone.length > 0) throw unmatched(a.shown, b.shown, alone);
  for (const part of PARTS)
    for (const [name, x] of own[part]) {
      const twin = other[part].get(name);
      if (twin && !sameType(x.type, twin.type)) throw otherType(a.shown, b.shown, `${part} "${name}"`, x, twin);
    }

  function nameOf([name]: Entry): string {
    return name;
  }
}

type Entry = readonly [name: string, value: Tensor];

const missingIn = (own: ReadonlyMap<string, Tensor>, other: ReadonlyMap<string, Tensor>): readonly Entry[] =>
  [...own].filter(([name]) => !other.has(name));

function tellsRows([, x]: Entry, given: GivenRoles): boolean {
  if (statedFacts(x, given)?.facts.kind === "cache") return false;
  const kind = knownFacts(x, given)?.facts.kind;
  return kind === "write_mask" || kind === "position";
}

interface Alone {
  readonly part: string;
  readonly here: readonly string[];
  readonly there: readonly string[];
}

function unmatched(a: string, b: string, alone: readonly Alone[]): UserError {
  const list = (side: "here" | "there"): string =>
    alone
      .filter((one) => one[side].length > 0)
      .map((one) => `${one.part}${one[side].length > 1 ? "s" : ""} ${one[side].join(", ")}`)
      .join("; ") || "nothing";
  const mapped = alone.find(({ here, there }) => here.length > 0 && there.length > 0);
  return new UserError(
    `the two have other names: in ${a} alone ${list("here")}; in ${b} alone ${list("there")}`,
    mapped
      ? `say which is which: --map NAME_OF_B=NAME_OF_A, such as --map ${mapped.there[0]}=${mapped.here[0]}`
      : "graphs that are equal have the same inputs, states and outputs",
  );
}

/** Another number of tokens, or another layout. */
function otherType(a: string, b: string, what: string, { type }: Tensor, { type: twin }: Tensor): UserError {
  const types = `${what} is ${show(type)} in ${a} and ${show(twin)} in ${b}`;
  const differing = type.shape.flatMap((n, axis) => (n === twin.shape[axis] ? [] : [axis]));
  const isSize = type.dtype === twin.dtype && type.shape.length === twin.shape.length && differing.length === 1;
  return isSize
    ? new UserError(`${types}: equal compares calls of one size`, "graphc prove compares a block with its steps")
    : new UserError(`${types}: another layout is not guessed at`, "give both graphs the same shape and dtype there");
}

/**
 * Whether all that is known of the inputs says that a call is of one token. Where an axis may be one of tokens or not it is no: who then
 * assumes nothing of the inputs is right in both cases.
 */
export const isOfOneToken = (graph: Graph, given: GivenRoles): boolean =>
  graph.inputs.every((x) => {
    if (statedFacts(x, given)?.facts.kind === "cache") return true;
    const facts = knownFacts(x, given)?.facts;
    if (facts === undefined || facts.kind === "shared") return true;
    const { shape } = x.type;
    if (facts.kind === "position") return sizeOf(shape) === 1;
    const role = fittedRole(x.type, { differing: undefined, tokens: 1 }, facts);
    // Whoever asks for the role says what does not fit.
    if (typeof role === "string" || !("tokenAxis" in role)) return true;
    const isMask = role.kind === "mask" || role.kind === "write_mask";
    const isClear = !isMask || facts.slotAxis !== undefined || shape.filter((n) => n > 1).length <= 1;
    return shape[role.tokenAxis!] === 1 && isClear;
  });

/**
 * The inputs that are taken for arbitrary arrays by their shape alone and may well be masks: one of their axes has the size of a state's.
 * A no that rests on them may be a no to a wrong guess.
 */
export function doubtfulArrays({ block, roles }: Twins): readonly Tensor[] {
  const sizes = new Set(block.states.flatMap(({ entry }) => entry.type.shape.slice(0, -1)).filter((n) => n > 1));
  return block.inputs.filter((x) => {
    const role = roles.get(x.name ?? "");
    return role?.kind === "shared" && role.source === "shape" && x.type.shape.some((n) => sizes.has(n));
  });
}

/** Every input an arbitrary array: what nothing is assumed of. */
export const arbitraryInputs = ({ inputs }: Graph): GivenRoles =>
  new Map(inputs.map((x) => [x.name ?? "", { facts: { kind: "shared" }, source: "option" }]));
