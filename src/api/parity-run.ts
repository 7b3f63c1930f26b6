/** Parity of two graphs on the fast executor, with their weights loaded once. */
import { storedNumbers } from "../emit/read/blobs/stored-numbers.ts";
import type { DifferentCall } from "../passes/parity/first-difference.ts";
import { type ParityOptions, type ParityReport, parity } from "../passes/parity/parity.ts";
import type { Arrays } from "../passes/parity/runner.ts";
import { type Plan, type PlanOptions, planOf } from "../passes/run/plan.ts";
import { type Executor, type Observer, prepare } from "../passes/run/run.ts";
import { askForRoles } from "./ask-roles.ts";
import { checkMemory } from "./memory.ts";
import { type OpenGraphs, type Watch, withHost } from "./open-graphs.ts";

/** How both graphs are run, block before step, and who sees it. */
export interface ParityHow {
  readonly seed: number;
  readonly threads: number;
  readonly plans?: readonly [PlanOptions, PlanOptions];
  readonly observe?: { readonly block: Observer; readonly step: Observer };
  look?(executor: Executor, plans: readonly [Plan, Plan], call: DifferentCall): void;
  /** False where a no says nothing of roles, such as of sums in chunks. */
  readonly asks?: boolean;
}

/** Graphs whose weights somebody gave. */
export type WeighedGraphs = OpenGraphs & Required<Pick<OpenGraphs, "openWeights">>;

/**
 * Runs blocks against single tokens.
 * @throws UserError when memory does not do; GraphError to ask for a role where a no would rest on a guess; the signal's reason when it is aborted
 */
export async function parityOf(open: WeighedGraphs, how: ParityHow, watch: Watch): Promise<ParityReport> {
  const report = await runsOf(withHost(open), how, watch);
  if (!report.equal && how.asks !== false) askForRoles(open, open.given, storedNumbers([open.block, open.step]));
  return report;
}

async function runsOf(pair: WeighedGraphs, how: ParityHow, watch: Watch): Promise<ParityReport> {
  const runs = await openRuns(pair, how, watch);
  const running = watch.progress("running blocks");
  try {
    return await runs.parity({
      seed: how.seed,
      onCall(done, total) {
        running.update(done, total);
        watch.signal?.throwIfAborted();
      },
    });
  } finally {
    running.end();
    await runs.close();
  }
}

/** A pair with its weights loaded, which can be run again and again until it is closed. */
export interface ParityRuns {
  parity(options: Pick<ParityOptions, "seed" | "calls" | "onCall">): Promise<ParityReport>;
  close(): Promise<void>;
}

/** @throws UserError when memory does not do */
export async function openRuns(
  pair: WeighedGraphs,
  { threads, plans: [ofBlock, ofStep] = [{}, {}], observe, look }: Omit<ParityHow, "seed" | "asks">,
  watch: Watch,
): Promise<ParityRuns> {
  const [block, step] = [planOf(pair.block, ofBlock), planOf(pair.step, ofStep)];
  checkMemory([block, step], "this run", { threads });
  const loading = watch.progress("loading weights");
  const store = await pair.openWeights();
  const executor = await prepare([block, step], store.stream, { threads, progress: loading.update }).finally(
    loading.end,
  );
  const runnable = {
    block: pair.block,
    step: pair.step,
    runBlock: (values: Arrays) => executor.run(block, values, observe?.block),
    runStep: (values: Arrays) => executor.run(step, values, observe?.step),
  };
  return {
    parity: (options) =>
      parity(runnable, {
        ...options,
        roles: pair.given,
        ...(look ? { onDifferent: (call: DifferentCall) => look(executor, [block, step], call) } : {}),
        ...(pair.config ? { config: pair.config } : {}),
      }),
    async close() {
      await executor.close();
      await store.close();
    },
  };
}
