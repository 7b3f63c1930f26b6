/** Runs a block graph against its one-token twin over a sequence of calls, chained through the state. */
import { hostCaches } from "../../dsl/host/host-caches.ts";
import { type Twins, twinsOf } from "../../dsl/host/twins.ts";
import { type GivenRoles, type RoleRecord, recordsOf } from "../../dsl/role.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { Decoder } from "../../models/decoder.ts";
import { type CallReport, isEqual, type ParityRun, runCall } from "./call.ts";
import { type Dropped, droppedBy, type Exercised, exercisedBy } from "./exercised.ts";
import type { DifferentCall } from "./first-difference.ts";
import { garbage } from "./initial.ts";
import { onlyPass, type Pass, usualPasses } from "./passes.ts";
import type { RunnableGraphs } from "./runner.ts";
import { abilitiesOf, type PlannedCall } from "./sequence.ts";

/** What a parity run may be told. */
export interface ParityOptions {
  /** Of the rows fed; 1 when absent. */
  readonly seed?: number;
  /** For real RoPE rows. */
  readonly config?: Decoder;
  /** Called after each call of the block. */
  onCall?(done: number, total: number): void;
  /** The calls to make; the usual sequence when absent. */
  readonly calls?: readonly PlannedCall[];
  /** Roles of inputs that are stated outside the graphs. */
  readonly roles?: GivenRoles;
  /** Is given the first calls that count and differ, one after the other. */
  onDifferent?(call: DifferentCall): void;
}

/** All passes; `equal` when every bit of every call that counts is, the sign of zero aside, and the usual calls all count. */
export interface ParityReport {
  readonly equal: boolean;
  /** T. */
  readonly tokens: number;
  /** What each input was fed as, and where that was learnt. */
  readonly roles: readonly RoleRecord[];
  readonly exercised: Exercised;
  readonly calls: readonly CallReport[];
}

/** How long a sequence is, in blocks, where no cache ends it. */
const BLOCKS_WITHOUT_CACHE = 8;

/** How many tokens a sequence has room for. */
export const roomOf = ({ tokens, slots = BLOCKS_WITHOUT_CACHE * tokens }: Twins): number => slots;

/**
 * The parity of two graphs over sequences of calls, each from caches full of garbage. After each block the steps go on
 * from what was accepted, the block from its own state with the stale rows that rejected tokens left. A pass ends at a
 * call that does not count: what follows would say nothing.
 * @throws GraphError when they have no common interface; UserError when no block fits the cache.
 */
export async function parity(graphs: RunnableGraphs, options: ParityOptions = {}): Promise<ParityReport> {
  const twins = twinsOf(graphs.block, graphs.step, options.roles);
  const { roles, tokens } = twins;
  const slots = roomOf(twins);
  const usual = usualPasses(tokens, slots, abilitiesOf(twins));
  // What a mask of such columns hides is not known by the rows of caches, so that it is not known either what large rows let through.
  const passes = options.calls ? onlyPass(options.calls) : usual.filter((pass) => pass.decides || !hasJoined(twins));
  if (passes.length === 0) throw nothingToRun(twins);
  const told = countCalls(passes, options);
  const reports: CallReport[] = [];
  const dropped: Dropped[] = [];
  let equal = true;
  for (const pass of passes) {
    const found = await runPass({ ...twins, ...graphs }, pass, { ...options, maxSeq: slots, told });
    equal &&= found.calls.every((call) => (call.counts === "yes" ? isEqual(call) : !pass.decides));
    reports.push(...found.calls);
    dropped.push(...found.dropped);
  }
  const exercised = exercisedBy({ twins, calls: reports, dropped });
  return { equal, tokens, roles: recordsOf(roles, hostCaches(twins.block)), exercised, calls: reports };
}

const hasJoined = ({ roles }: Twins): boolean =>
  [...roles.values()].some((role) => role.kind === "mask" && role.behind !== undefined);

/** Tells of each call that is over, those that a pass left out among the done. */
function countCalls(passes: readonly Pass[], { onCall }: ParityOptions): (pass: Pass, done: number) => void {
  const total = passes.reduce((n, { calls }) => n + calls.length, 0);
  const before = (pass: Pass) => passes.slice(0, passes.indexOf(pass)).reduce((n, { calls }) => n + calls.length, 0);
  return (pass, done) => onCall?.(before(pass) + done, total);
}

const nothingToRun = ({ block, tokens, slots = 0 }: Twins): UserError =>
  new UserError(
    `no block of ${tokens} tokens fits ${slots} rows, which is what the interface of ${block.name} says of its cache; nothing was run`,
    "give fewer tokens or more rows; a state's rows are its last axis but one, unless a mask or a write at positions tells them",
  );

interface PassOptions extends ParityOptions {
  readonly maxSeq: number;
  told(pass: Pass, done: number): void;
}

interface PassResult {
  readonly calls: readonly CallReport[];
  readonly dropped: readonly Dropped[];
}

/** The calls of a pass, at the first of its scales at which all of them count; at the last one when there is none. */
async function runPass(graphs: Twins & RunnableGraphs, pass: Pass, options: PassOptions): Promise<PassResult> {
  let reports: CallReport[] = [];
  const dropped: Dropped[] = [];
  for (const scale of pass.scales) {
    const job = beginPass(graphs, pass, scale, options);
    dropped.push(...droppedBy(reports));
    reports = [];
    for (const [n, call] of pass.calls.entries()) {
      const report = await runCall(job, call, n * graphs.tokens);
      reports.push(report);
      options.told(pass, n + 1);
      if (report.counts !== "yes") break;
    }
    if (reports.every(({ counts }) => counts === "yes") || reports.some(isDifferent)) break;
  }
  options.told(pass, pass.calls.length);
  return { calls: reports, dropped };
}

const isDifferent = (report: CallReport): boolean => report.counts === "yes" && !isEqual(report);

/** Fresh caches. */
function beginPass(
  graphs: Twins & RunnableGraphs,
  pass: Pass,
  scale: number,
  { seed: given = 1, maxSeq, config, onDifferent }: PassOptions,
): ParityRun {
  const seed = given + pass.seed;
  const initial = garbage(graphs.block, seed, pass.stale);
  const committed = new Set(Array.from({ length: pass.committed }, (_, row) => row));
  const { shutsOld } = pass;
  const large = pass.scales.some((one) => one > 1);
  const source = { seed, roles: graphs.roles, maxSeq, scale, shutsOld, ...(config ? { config } : {}) };
  return {
    ...graphs,
    ...(onDifferent ? { onDifferent } : {}),
    source,
    large,
    // Of rows that are not large nothing excuses a mask that shuts nothing.
    bounded: large && [...graphs.roles.values()].some(({ kind }) => kind === "mask"),
    chain: { blockStates: initial, stepStates: initial, committed, stale: new Set<number>() },
  };
}
