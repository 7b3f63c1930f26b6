/** Judges a table of residency: the operations are those of the decoded program, and each prefers the Neural Engine. */
import { DEVICES, type Evidence, type PlannedOperation } from "../format/evidence.ts";
import type { ROLES } from "../format/ran.ts";
import { type GateFinding, missing, no, yes } from "./gate-finding.ts";
import { isConstantKind, type Program } from "./program.ts";

const [ENGINE, , , , UNDETERMINED] = DEVICES;

/** One finding for the package of a role. */
export function residentFinding(evidence: Evidence, role: (typeof ROLES)[number], program: Program): GateFinding {
  const item = `resident ${role}`;
  const [one, ...more] = evidence.residency.filter((x) => x.role === role);
  if (!one) return missing(item, "the plan was not read");
  if (more.length > 0) return no(item, "there are two tables of it");
  if (one.function !== program.function) return no(item, `the plan is of ${one.function}, not of ${program.function}`);
  const wrong = tableProblem(one.operations, program) ?? deviceProblem(one.operations);
  if (wrong !== undefined) return no(item, wrong);
  const compute = one.operations.filter(({ kind }) => !isConstantKind(kind));
  if (compute.length === 0) return no(item, "the program has no operations, so its plan shows nothing");
  return yes(item, `all ${compute.length} operations of ${one.function}, which are those of the package`);
}

/**
 * The first difference between the plan's operations and the program's. Constants aside: a compiler may write as an op what the program
 * has inside of another.
 */
export function tableProblem(
  operations: readonly PlannedOperation[],
  { operations: wanted, function: fn }: Pick<Program, "operations" | "function">,
): string | undefined {
  const paths = new Set(operations.map(({ path }) => path));
  if (paths.size < operations.length) return "two operations have one place";
  const astray = operations.find(({ path }) => !path.startsWith(`${fn}.`));
  if (astray) return `${astray.path} is no place of ${fn}`;
  const planned = counted(operations);
  for (const [key, { count, shown }] of counted(wanted)) {
    const found = planned.get(key)?.count ?? 0;
    if (found !== count) return `${shown} stands ${count} times in the package and ${found} times in the plan`;
    planned.delete(key);
  }
  const [stranger] = planned.values();
  return stranger && `${stranger.shown} is in the plan and not in the package`;
}

interface Counted {
  readonly count: number;
  readonly shown: string;
}

/** Operations that are no `const`, by kind and names of results. */
function counted(operations: readonly Pick<PlannedOperation, "kind" | "values">[]): Map<string, Counted> {
  const all = new Map<string, Counted>();
  for (const { kind, values } of operations) {
    if (kind === "const") continue;
    const key = JSON.stringify([kind, ...values]);
    all.set(key, { count: (all.get(key)?.count ?? 0) + 1, shown: [kind, values.join(", ")].join(" ").trim() });
  }
  return all;
}

/** The first operation that does not prefer the Neural Engine. */
function deviceProblem(operations: readonly PlannedOperation[]): string | undefined {
  const strays = operations.filter(
    ({ kind, device }) => device !== ENGINE && !(device === UNDETERMINED && isConstantKind(kind)),
  );
  const [stray] = strays;
  if (stray) {
    const others = strays.length > 1 ? ` (and ${strays.length - 1} more)` : "";
    return `${[stray.kind, stray.values.join(", ")].join(" ").trim()} is on: ${stray.device}${others}`;
  }
  const odd = operations.find(({ device, supported }) => device === ENGINE && !supported.includes(ENGINE));
  if (odd) return `${odd.kind} ${odd.values.join(", ")} prefers the ${ENGINE}, which is not among what supports it`;
  const costs = operations.flatMap(({ cost }) => (typeof cost === "number" ? [cost] : []));
  const sum = costs.reduce((a, b) => a + b, 0);
  // Shares of one whole; the tool prints them as the framework gives them, in double precision.
  if (costs.some((cost) => !(cost >= 0)) || sum > 1 + 1e-6) return `the shares of the cost add up to ${sum}`;
  return undefined;
}
