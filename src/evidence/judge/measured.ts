/** Judges times and the soak, where the tool took them: they are for the next decision, and must at least be possible. */
import type { Evidence } from "../format/evidence.ts";
import type { FixtureManifest } from "../format/fixtures-shape.ts";
import { type Measured, ROLES } from "../format/ran.ts";
import { driftProblem, driftText } from "./drift.ts";
import { type GateFinding, no, notShown, yes } from "./gate-finding.ts";

/** None where nothing was measured. `sizes`: how many elements a token's row of each output has. */
export function measuredFindings(
  manifest: FixtureManifest,
  evidence: Evidence,
  sizes: ReadonlyMap<string, number>,
): readonly GateFinding[] {
  const { measured, conditions } = evidence;
  if (!measured) return [];
  const item = "measured";
  const { drift } = measured;
  const wrong =
    timesProblem(manifest, measured) ??
    soakProblem(measured) ??
    (drift ? driftProblem(manifest, drift, sizes) : undefined);
  if (wrong !== undefined) return [no(item, wrong)];
  const slow = conditions.find(({ thermal, lowPower }) => lowPower || thermal === "serious" || thermal === "critical");
  if (slow)
    return [
      notShown(item, `the times were taken in ${slow.lowPower ? "low-power mode" : `thermal state ${slow.thermal}`}`),
    ];
  const of = (role: (typeof ROLES)[number]) => measured.times.find((one) => one.role === role)!;
  const [block, step] = ROLES.map(of) as [Measured["times"][number], Measured["times"][number]];
  const gain = (block.tokens * step.medianMs) / block.medianMs;
  return [
    yes(
      item,
      `a block of ${block.tokens} ${shown(block.medianMs)} ms, a step ${shown(step.medianMs)} ms: ${block.tokens} steps take ${gain.toFixed(2)} times as long; loaded in ${shown(block.coldLoadMs)} ms, again in ${shown(block.warmLoadMs)} ms${drift ? `; ${driftText(drift)}` : ""}`,
    ),
  ];
}

function timesProblem(manifest: FixtureManifest, { times, peakBytes }: Measured): string | undefined {
  for (const role of ROLES) {
    const [one, ...more] = times.filter((x) => x.role === role);
    if (!one || more.length > 0) return `the ${role} was not measured once but ${one ? more.length + 1 : 0} times`;
    const { role: _, tokens, calls, ...milliseconds } = one;
    if (tokens !== manifest[role].tokens) return `the ${role} has ${manifest[role].tokens} tokens, not ${tokens}`;
    if (calls < 1) return `no call of the ${role} was timed`;
    const bad = Object.entries(milliseconds).find(([, x]) => !(Number.isFinite(x) && x > 0));
    if (bad) return `${bad[0]} of the ${role} is ${bad[1]}`;
    if (one.worstMs < one.medianMs) return `the worst call of the ${role} took less than the median`;
  }
  return peakBytes > 0 ? undefined : "the process took no memory";
}

function soakProblem({ soak }: Measured): string | undefined {
  for (const { role, calls, finite, firstMs, lastMs } of soak) {
    if (!finite) return `the soak of the ${role} met numbers that are not finite`;
    if (calls < 1) return `the soak of the ${role} has no calls`;
    if (!(Number.isFinite(firstMs) && firstMs > 0 && Number.isFinite(lastMs) && lastMs > 0))
      return `the soak of the ${role} took no time`;
  }
  return undefined;
}

const shown = (x: number): string => x.toPrecision(3);
