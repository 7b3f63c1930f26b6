/**
 * Which outputs count, and which of their rows: what a host reads. Outputs that it does not read are taken out of both graphs before these are
 * compared, and told of; so are rows that it does not read.
 */
import type { Graph } from "../../dsl/graph.ts";
import type { Graphs } from "../../dsl/host/twins.ts";
import { meetInputs } from "../../dsl/host/twins.ts";
import type { GivenRoles } from "../../dsl/role.ts";
import { sameType } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";

/** What is said of an output in a word. */
const OUTPUT_WORDS = ["all", "ignore", "first", "last"] as const;
/** Every row of it is compared, or nothing, or the row of one token: the first, the last, or that of a number from 0. */
export type OutputWord = (typeof OUTPUT_WORDS)[number] | number;

/** What somebody wrote of an output, once it is a word or a token's number; undefined where it is neither. */
export function outputWord(said: unknown): OutputWord | undefined {
  if (typeof said === "number") return Number.isSafeInteger(said) && said >= 0 ? said : undefined;
  return OUTPUT_WORDS.find((known) => known === said);
}

/** `all, ignore, …`, for a sentence about what is neither. */
export const outputWords = (): string => `${OUTPUT_WORDS.join(" or ")} or the number of a token`;

/** What is said of the outputs of graphs, by their names, and of those that give one row of several tokens. */
export interface GivenOutputs {
  readonly said: ReadonlyMap<string, OutputWord>;
  /** Outputs that are ignored where a block of several tokens gives one row of them. */
  readonly oneRow?: RegExp;
}

/** What is not compared. */
export interface LeftOut {
  /** Outputs that do not count. */
  readonly notCompared: readonly string[];
  /** Outputs of which the row of one token counts, and which token's. */
  readonly rows: Readonly<Record<string, number>>;
}

/** Nothing. */
export const ALL_COUNTS: LeftOut = { notCompared: [], rows: {} };

/** Graphs with what counts of their outputs, and what of them does not. */
export interface CountedGraphs extends Graphs, LeftOut {}

/**
 * Both graphs without the outputs that do not count; the block says of which it is one row that counts.
 * @throws UserError for an output that neither has, for a token that the block has not, and where neither a state nor an output is left to be compared
 */
export function countedGraphs(graphs: Graphs, outputs: GivenOutputs, given: GivenRoles): CountedGraphs {
  const { block, step } = graphs;
  const names = new Set([block, step].flatMap((graph) => Object.keys(graph.outputs)));
  const stray = [...outputs.said.keys()].find((name) => !names.has(name));
  if (stray !== undefined)
    throw new UserError(
      `there is no output "${stray}", of which the interface file speaks`,
      `the outputs are ${[...names].join(", ")}`,
    );
  // What does not ask for T asks for no roles either.
  const tokens = (): number => meetInputs(block, step, given).tokens;
  const isOneRow = (name: string): boolean =>
    !outputs.said.has(name) && outputs.oneRow?.test(name) === true && givesOneRow(graphs, name) && tokens() > 1;
  const notCompared = [...names].filter((name) => outputs.said.get(name) === "ignore" || isOneRow(name));
  const rows = rowsSaid(outputs, tokens);
  const counted = withCounted(graphs, { notCompared, rows });
  const left = [counted.block, counted.step].flatMap((graph) => [...Object.keys(graph.outputs), ...graph.states]);
  const caches = [...given.values()].some(({ facts }) => facts.kind === "cache");
  if (notCompared.length > 0 && left.length === 0 && !caches)
    throw new UserError(
      `nothing is left to be compared: there is no state, and no output counts (${notCompared.join(", ")})`,
    );
  return { ...counted, notCompared, rows };
}

/** The tokens whose rows are said to count alone; of one token that is the whole output. @throws UserError for one that is not there */
function rowsSaid({ said }: GivenOutputs, tokensOf: () => number): LeftOut["rows"] {
  const rows = [...said].flatMap(([name, word]): readonly (readonly [string, number])[] => {
    if (word === "all" || word === "ignore") return [];
    const tokens = tokensOf();
    const token = word === "first" ? 0 : word === "last" ? tokens - 1 : word;
    if (token < tokens) return tokens > 1 ? [[name, token]] : [];
    throw new UserError(
      `the interface file says that row ${token} of output "${name}" is read, and the block has ${tokens} tokens`,
      `say "first", "last" or a number from 0 to ${tokens - 1}`,
    );
  });
  return Object.fromEntries(rows);
}

/** Whether a block's output has the shape of its step's. */
export function givesOneRow({ block, step }: Graphs, name: string): boolean {
  const [a, b] = [block, step].map(({ outputs }) => (Object.hasOwn(outputs, name) ? outputs[name] : undefined));
  return a !== undefined && b !== undefined && sameType(a.type, b.type);
}

/** Both graphs with what counts of their outputs. */
export function withCounted({ block, step }: Graphs, { notCompared, rows }: LeftOut): Graphs {
  if (notCompared.length === 0 && Object.keys(rows).length === 0) return { block, step };
  return {
    block: { ...without(block, notCompared), readRow: new Map(Object.entries(rows)) },
    step: without(step, notCompared),
  };
}

const without = (graph: Graph, names: readonly string[]): Graph => ({
  ...graph,
  outputs: Object.fromEntries(Object.entries(graph.outputs).filter(([name]) => !names.includes(name))),
});

/** The parts of it that are not empty, for a record. */
export const leftOutRecord = ({ notCompared, rows }: LeftOut): Partial<LeftOut> => ({
  ...(notCompared.length > 0 ? { notCompared } : {}),
  ...(Object.keys(rows).length > 0 ? { rows } : {}),
});

/** `, but for y, which is not compared`, `, of y the row of token 0 alone`; nothing where all is. */
export function leftOutText({ notCompared, rows }: LeftOut): string {
  const one = Object.entries(rows).map(([name, token]) => `, of ${name} the row of token ${token} alone`);
  if (notCompared.length === 0) return one.join("");
  return `${one.join("")}, but for ${notCompared.join(" and ")}, which ${notCompared.length > 1 ? "are" : "is"} not compared`;
}
