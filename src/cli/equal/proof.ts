/** The proof behind `graphc equal`: what is known of the weights of both graphs, and the runs that attack it. */

import { ownRuns } from "../../api/own-runs.ts";
import type { Graph } from "../../dsl/graph.ts";
import { withHostCaches } from "../../dsl/host/host-caches.ts";
import { type Called, withNamesOf } from "../../dsl/host/same-interface.ts";
import type { Graphs } from "../../dsl/host/twins.ts";
import type { GivenRoles } from "../../dsl/role.ts";
import { storedNumbers, UNREAD } from "../../emit/read/blobs/stored-numbers.ts";
import { prove } from "../../passes/prove/prove.ts";
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import { type NotFinite, notFiniteWeights } from "../../weights/finite.ts";
import { withCounted } from "../interface/outputs.ts";
import type { Io } from "../terminal/io.ts";
import { askForArrays } from "./ask-arrays.ts";
import { type Comparand, type ComparedGraphs, otherRowsOf, smallOf } from "./pair.ts";

/** Two graphs of one interface. */
export interface MetPair {
  readonly a: Called;
  readonly b: Called;
  readonly names: ReadonlyMap<string, string>;
  readonly oneToken: boolean;
  /** Outputs that do not count, which both graphs are without here; and the graphs as they are. */
  readonly notCompared: readonly string[];
  readonly whole: { readonly a: Graph; readonly b: Graph };
  /** Roles that are stated; those of arbitrary arrays for calls of several tokens. */
  readonly given: GivenRoles;
}

/** What was found, and of how many stored tensors that one graph alone holds. */
export interface Found {
  readonly found: Verdict;
  readonly alone: number;
}

/**
 * Proves or refutes that the two are equal.
 * @throws GraphError that asks for the role of an input, where a no would rest on a guess
 */
export async function equalityOf(pair: MetPair, graphs: ComparedGraphs, io: Io): Promise<Found> {
  // The prover's own runs know its graphs by identity: caches that the host keeps are states of them by now.
  const { graphs: closed, given } = withHostCaches([pair.a.graph, pair.b.graph], pair.given);
  const [block, step] = closed as readonly [Graph, Graph];
  const renamed = (graph: Graph): Graph => withNamesOf(pair.a, { ...pair.b, graph }, pair.names).graph;
  const counted = (made: Graphs): Graphs => withCounted(made, { notCompared: pair.notCompared, rows: {} });
  const [smallest, beside] = [smallOf(graphs, renamed), otherRowsOf(graphs, renamed)];
  const others = {
    ...(smallest ? { small: (tokens: number) => counted(smallest(tokens)) } : {}),
    ...(beside ? { otherRows: () => counted(beside()) } : {}),
  };
  const { unread, alone, ...stored } = storedNumbers([block, step]);
  const notFinite = await notFiniteIn(pair, graphs);
  const { openWeights } = graphs.a;
  const open = openWeights && { name: "", block, step, given, weights: "", storedWeights: true, openWeights };
  const runs = graphs.packages && open ? await ownRuns(open, io) : undefined;
  const progress = io.progress("proving");
  try {
    const found = prove(block, step, {
      progress: progress.update,
      roles: given,
      ...stored,
      corollaries: false,
      // Arrays that no host feeds refute nothing.
      counterexample: pair.oneToken && (!unread || runs !== undefined),
      ...(unread ? { notSearched: UNREAD } : {}),
      ...others,
      ...(notFinite ? { notFinite } : {}),
      ...(runs ? { ownRuns: runs } : {}),
    });
    if (found.verdict === "REFUTED") askForArrays({ block, step }, given, stored);
    return { found, alone };
  } finally {
    progress.end();
    await runs?.close();
  }
}

/** A weight at hand that is not finite. */
async function notFiniteIn({ a, b }: MetPair, graphs: ComparedGraphs): Promise<NotFinite | undefined> {
  // One store gives the weights of both packages.
  if (graphs.packages) return firstNotFinite([a.graph, b.graph], graphs.a.openWeights);
  return (
    (await firstNotFinite([a.graph], graphs.a.openWeights)) ?? (await firstNotFinite([b.graph], graphs.b.openWeights))
  );
}

async function firstNotFinite(
  graphs: readonly Graph[],
  open: Comparand["openWeights"],
): Promise<NotFinite | undefined> {
  const store = await open?.();
  try {
    return store && (await notFiniteWeights(graphs, store))[0];
  } finally {
    await store?.close();
  }
}
