/** The assertion that blocks equal single tokens bit for bit, whatever is rejected on the way. */
import fc from "fast-check";
import { COMPARED_OPTIONS, type Compared, type ComparedOptions, openCompared, watchGiven } from "../api/compared.ts";
import { withHost } from "../api/open-graphs.ts";
import { openRuns, type WeighedGraphs } from "../api/parity-run.ts";
import { generatedWeights, neededWeights, weightsGiven } from "../api/weights.ts";
import { counted } from "../dsl/counted.ts";
import { type Fields, optionsGiven, typed, wholeGiven } from "../dsl/given/values.ts";
import { type Twins, twinsOf } from "../dsl/host/twins.ts";
import { UserError } from "../dsl/user-error.ts";
import type { ParityReport } from "../passes/parity/parity.ts";
import { roomOf } from "../passes/parity/parity.ts";
import { abilitiesOf, type PlannedCall } from "../passes/parity/sequence.ts";
import { AssertionFailed } from "./failure.ts";
import { acceptedLengths } from "./lengths.ts";
import { differsText, type Shrunk } from "./rejections-text.ts";
import { pairsOf, type Subject } from "./subject.ts";

/** How many sequences are run, and from where. */
export interface RejectionOptions extends ComparedOptions {
  /** Sequences at each T; 25 when absent. */
  readonly runs?: number;
  /** Of what is drawn; another at each run of the tests when absent. A failure tells it. */
  readonly seed?: number;
  /** With the seed, where a failure was found: that one case is run. */
  readonly path?: string;
}

/** What was run at one T; every bit was equal, the sign of zero aside. */
export interface RejectionReport {
  /** T. */
  readonly tokens: number;
  readonly seed: number;
  readonly runs: number;
  readonly calls: number;
  /** Tokens that were compared, and how many of them the next call wrote over. */
  readonly compared: number;
  readonly rejected: number;
}

/** What decides the numbers of a sequence. */
interface Sequence {
  readonly accepted: readonly number[];
  readonly feedSeed: number;
}

/**
 * Blocks of T tokens give every bit that single tokens give, at each T, over random sequences of calls: each keeps some of its tokens, the next
 * begins behind those and writes over the stale rows of the others. Without weights those of a checkpoint are made from a seed. A failure is
 * shrunk to few calls, and says where block and steps part, as `graphc parity` does, and the author's line.
 * @returns what was run, one report for each T
 * @throws AssertionFailed for a sequence on which they differ or are not finite; UserError where nothing can be rejected, or as `parity` does
 */
export async function assertEqualOverRejections(
  subject: Subject,
  options: RejectionOptions = {},
): Promise<readonly RejectionReport[]> {
  const given = optionsGiven(options, "assertEqualOverRejections", [...COMPARED_OPTIONS, "runs", "seed", "path"]);
  const reports: RejectionReport[] = [];
  for (const pair of pairsOf(subject)) reports.push(await overRejections(pair, given));
  return reports;
}

async function overRejections(compared: Compared, given: Fields): Promise<RejectionReport> {
  const plan = plannedRuns(given);
  const watch = watchGiven(given);
  const pair = withHost(weighed(compared, given));
  const twins = rejectingTwins(pair);
  const open = await openRuns(pair, { threads: 1 }, watch);
  const tried: ParityReport[] = [];
  const failing: { readonly sequence: Sequence; readonly report: ParityReport }[] = [];
  const faults: unknown[] = [];
  const progress = watch.progress("running blocks");
  const isEqual = async (sequence: Sequence): Promise<boolean> => {
    try {
      watch.signal?.throwIfAborted();
      const report = await open.parity({ seed: sequence.feedSeed, calls: callsOf(sequence.accepted, twins.tokens) });
      tried.push(report);
      progress.update(Math.min(tried.length, plan.runs), plan.runs);
      if (!report.equal) failing.push({ sequence, report });
      return report.equal;
    } catch (error) {
      faults.push(error);
      return false;
    }
  };
  const found = await fc.check(fc.asyncProperty(sequences(twins), isEqual), asked(plan)).finally(async () => {
    progress.end();
    await open.close();
  });
  if (faults.length > 0) throw faults[0];
  // Each case that fails after the first one is a smaller one.
  const smallest = failing.at(-1);
  if (!smallest) return reportOf(tried, twins.tokens, plan);
  const { sequence, report } = smallest;
  throw failureOf(pair, report, {
    ...sequence,
    seed: plan.seed,
    path: found.counterexamplePath ?? "0",
    cases: failing.length,
  });
}

/** What fast-check is asked for. */
interface Plan {
  readonly runs: number;
  readonly seed: number;
  readonly path?: string;
}

function plannedRuns({ runs, seed, path }: Fields): Plan {
  const isPath = (x: unknown) => typeof x === "string" && /^\d+(:\d+)*$/.test(x);
  const known = typed<string>(path, "path", isPath, "the path that a failure told");
  if (known !== undefined && (seed === undefined || runs !== undefined))
    throw new UserError("path is one case of a seed", "give seed beside it, and no runs");
  return {
    runs: known === undefined ? wholeGiven(runs ?? 25, "runs", 1) : 1,
    seed: wholeGiven(seed ?? Date.now() % 2 ** 31, "seed", 0, 2 ** 31 - 1),
    ...(known === undefined ? {} : { path: known }),
  };
}

/** A case that is asked for by its path is small already. */
const asked = ({ runs, ...from }: Plan) => ({ numRuns: runs, ...from, endOnFailure: from.path !== undefined });

const sequences = (twins: Twins): fc.Arbitrary<Sequence> =>
  fc.record({
    accepted: acceptedLengths({ tokens: twins.tokens, maxSeq: roomOf(twins) }),
    feedSeed: fc.nat(2 ** 31 - 1),
  });

/** Weights of a checkpoint that nobody gave are made from a seed. */
function weighed(compared: Compared, given: Fields): WeighedGraphs {
  const open = openCompared(compared, given);
  const weights = weightsGiven(given.weights) ?? generatedWeights(open.block);
  return { ...open, openWeights: neededWeights([open.block, open.step], weights) };
}

/** @throws UserError where hosts cannot reject a token, or no block fits */
function rejectingTwins(pair: WeighedGraphs): Twins {
  const twins = twinsOf(pair.block, pair.step, pair.given);
  if (abilitiesOf(twins).rejecting) return twins;
  throw new UserError(
    `no token of ${pair.block.name} can be rejected: nothing tells its host which cache rows to write over`,
    "parity() runs it as its host does",
  );
}

/** Each block begins behind the tokens that were kept. */
function callsOf(accepted: readonly number[], tokens: number): readonly PlannedCall[] {
  let next = 0;
  return accepted.map((kept) => {
    const first = next;
    next += kept;
    const rows = Array.from({ length: tokens }, (_, t) => first + t);
    return { label: `${kept} of ${tokens} kept`, rows, accepted: kept };
  });
}

/** A yes says what was looked at, and something was. fast-check's own settings may have stopped it before its end. */
function reportOf(tried: readonly ParityReport[], tokens: number, { runs, seed, path }: Plan): RejectionReport {
  const sum = (of: (report: ParityReport) => number) => tried.reduce((n, report) => n + of(report), 0);
  const compared = sum(({ exercised }) => exercised.tokens);
  // Those of the last call are written over by nobody, and say nothing.
  const rejected = sum(({ calls }) => calls.slice(0, -1).reduce((n, { call }) => n + tokens - call.accepted, 0));
  if (tried.length < runs) throw new UserError(`only ${tried.length} of ${runs} sequences were run`);
  if (compared === 0) throw new UserError("no token was compared");
  if (rejected === 0 && path === undefined)
    throw new UserError(
      `in ${counted(runs, "sequence")} of seed ${seed} no token was rejected and then written over`,
      "raise runs, or maxSeq",
    );
  return { tokens, seed, runs, calls: sum(({ exercised }) => exercised.calls), compared, rejected };
}

function failureOf(pair: WeighedGraphs, report: ParityReport, shrunk: Shrunk): AssertionFailed {
  const { accepted, feedSeed, seed, path } = shrunk;
  const { text, ...where } = differsText(pair, report, shrunk);
  return new AssertionFailed(text, { kind: "runs", tokens: report.tokens, accepted, feedSeed, seed, path, ...where });
}
