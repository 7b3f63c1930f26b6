/** A block graph and its one-token twin with a way to their weights, and how work on them is watched. */
import { withHostCaches } from "../dsl/host/host-caches.ts";
import type { Graphs } from "../dsl/host/twins.ts";
import type { GivenRoles } from "../dsl/role.ts";
import type { Decoder } from "../models/decoder.ts";
import type { WeightStore } from "../weights/store.ts";

/** The two graphs, and a way to their weights; built, but with no weight read yet. */
export interface OpenGraphs extends Graphs {
  /** Roles of inputs that are stated outside the graphs. */
  readonly given: GivenRoles;
  readonly config?: Decoder;
  /** Whether the weights are somebody's: in a package or a checkpoint, not made from a seed. */
  readonly storedWeights: boolean;
  /** Absent where nobody gave weights that the graphs read. */
  openWeights?(): Promise<WeightStore>;
  /** The same pair at the smallest sizes, or beside so many cache rows, for a counterexample that a person can read; models only. */
  readonly small?: (tokens: number, maxSeq?: number) => Graphs;
  /** The same layer for layer, where `small` leaves out layers of a kind that another one shows. */
  readonly smallWhole?: (tokens: number, maxSeq?: number) => Graphs;
  /** The same beside another number of cache rows; texts of authors only, in which a number may be theirs by chance. */
  readonly otherRows?: () => Graphs;
}

/** A job under way; `done` and `total` in any one unit. */
export interface Progress {
  update(done: number, total: number): void;
  end(): void;
}

/** How long work is watched and stopped. */
export interface Watch {
  /** Asked for only by a job that looks at it. */
  readonly signal?: AbortSignal | undefined;
  progress(label: string): Progress;
}

/** The pair with states in place of caches that the host keeps, for what runs calls one after another. @throws GraphError */
export function withHost<P extends OpenGraphs>(pair: P): P {
  const { graphs, given } = withHostCaches([pair.block, pair.step], pair.given);
  return { ...pair, block: graphs[0]!, step: graphs[1]!, given };
}
