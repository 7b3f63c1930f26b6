/** Judges whether the packages ran on the engine at all: every prediction was made again on the CPU alone, and the two can be told apart. */
import type { Evidence } from "../format/evidence.ts";
import type { FixtureManifest } from "../format/fixtures-shape.ts";
import { type CrossCheck, ROLES } from "../format/ran.ts";
import { copiedProblem, placeOf } from "./copied.ts";
import { type GateFinding, missing, no, notShown, yes } from "./gate-finding.ts";

/** The finding's item. */
export const RAN_ON_ENGINE = "ran on the engine";

/**
 * How much more CPU time the CPU must take for its own run: who waits for another processor uses little of his own. The factor is ours; no
 * device has been measured.
 */
const MARGIN = 2;

/** No Mac has more cores than 32 (Apple, "Mac Studio: technical specifications", M3 Ultra), and twice as many are to come some day. */
const MOST_CORES = 64;
/** What a clock of CPU time may be behind or ahead by. */
const CLOCK_MS = 1;

type Role = (typeof ROLES)[number];

/** One finding for both packages. */
export function ranFinding(manifest: FixtureManifest, { crossCheck }: Evidence): GateFinding {
  const notes: string[] = [];
  for (const role of ROLES) {
    const runs = crossCheck.filter((one) => one.role === role);
    const wanted = predictionsOf(manifest.calls, role);
    if (runs.length === 0) return missing(RAN_ON_ENGINE, `no prediction of the ${role} was made again with cpuOnly`);
    const wrong = runsProblem(runs, wanted);
    if (wrong !== undefined) return no(RAN_ON_ENGINE, `${role}: ${wrong}`);
    const apart = toldApart(runs);
    if ("why" in apart) return notShown(RAN_ON_ENGINE, `${role}: ${apart.why}`);
    notes.push(`${role}: ${apart.note}`);
  }
  const copied = copiedProblem(manifest, crossCheck);
  return copied === undefined ? yes(RAN_ON_ENGINE, notes.join("; ")) : no(RAN_ON_ENGINE, copied);
}

interface Prediction {
  readonly call: number;
  readonly token: number | undefined;
}

const predictionsOf = (calls: FixtureManifest["calls"], role: Role): readonly Prediction[] =>
  calls.flatMap(({ steps }, call): readonly Prediction[] =>
    role === "block" ? [{ call, token: undefined }] : steps.map((token) => ({ call, token })),
  );

function runsProblem(runs: readonly CrossCheck[], wanted: readonly Prediction[]): string | undefined {
  if (runs.length !== wanted.length) return `${runs.length} of ${wanted.length} predictions were made again`;
  for (const [n, { call, token }] of wanted.entries()) {
    const run = runs[n]!;
    const place = placeOf({ call, token });
    if (run.call !== call || (run.token ?? undefined) !== token) return `${place}: another prediction stands there`;
    const like = runs.findIndex((other, k) => k !== n && other.cpuOnly.sha256 === run.engine.sha256);
    if (like >= 0 && run.engine.sha256 !== run.cpuOnly.sha256)
      return `${place}: the engine gave what cpuOnly gives in another prediction`;
    for (const [where, { wallMs, cpuMs }] of [
      ["on the engine", run.engine],
      ["with cpuOnly", run.cpuOnly],
    ] as const)
      if (!(Number.isFinite(wallMs) && wallMs > 0 && cpuMs >= 0 && cpuMs <= MOST_CORES * (wallMs + CLOCK_MS)))
        return `${place}: ${where} it took ${wallMs} ms and ${cpuMs} ms of CPU time, which cannot be`;
  }
  // Two calls that are fed other rows give the same bits only where nobody computed anything.
  if (new Set(runs.map(({ engine }) => engine.sha256)).size === 1 && runs.length > 1)
    return "every prediction gave the same outputs";
  return undefined;
}

/** Why the engine's runs are as the CPU's, or how they differ. */
function toldApart(runs: readonly CrossCheck[]): { readonly why: string } | { readonly note: string } {
  const differ = runs.filter(({ engine, cpuOnly }) => engine.sha256 !== cpuOnly.sha256).length;
  if (differ === 0) return { why: `all ${runs.length} predictions gave the bits of cpuOnly` };
  const [engine, cpuOnly] = (["engine", "cpuOnly"] as const).map((which) =>
    median(runs.map((run) => run[which].cpuMs)),
  );
  const times = `${shown(engine!)} ms of CPU time a call, ${shown(cpuOnly!)} with cpuOnly`;
  if (!(cpuOnly! > 0 && MARGIN * engine! <= cpuOnly!)) return { why: times };
  // The first still sets the model up.
  const alike = runs
    .slice(1)
    .filter((run) => run.engine.sha256 === run.cpuOnly.sha256 && MARGIN * run.engine.cpuMs > run.cpuOnly.cpuMs);
  if (alike.length > 0)
    return { why: `${alike.length} of ${runs.length} predictions have the bits and the CPU time of cpuOnly` };
  return { note: `other bits in ${differ} of ${runs.length} predictions, ${times}` };
}

/** The middle one, or the mean of both that are. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!];
  return (low + high) / 2;
}

const shown = (x: number): string => x.toPrecision(3);
