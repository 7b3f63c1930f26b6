/** What evidence says of where one package was planned: nothing of it unless it is of these very bytes, from a device, and its table is of this program. */
import { isDeepStrictEqual } from "node:util";
import { UserError } from "../../dsl/user-error.ts";
import type { FolderDigest } from "../digests.ts";
import type { Evidence, PlannedOperation } from "../format/evidence.ts";
import { GATE_UNITS } from "./attested.ts";
import { machineProblem } from "./machine.ts";
import { isConstantKind, type ProgramOperation } from "./program.ts";
import { tableProblem } from "./residency.ts";

/** The package that is asked about, as it is on disk. */
export interface MeasuredPackage {
  readonly path: string;
  readonly digest: FolderDigest;
  /** The function, by its name in the program; `isDefault` where nobody has to name it. */
  readonly function: string;
  readonly isDefault: boolean;
  readonly operations: readonly ProgramOperation[];
}

/** The plan of a package. */
export interface PackagePlan {
  readonly device: string;
  /** Tokens of a call. */
  readonly tokens: number;
  /** Those that compute. */
  readonly operations: readonly PlannedOperation[];
  /** Whether the units that the plan was loaded with were read back from Core ML, and not only asked for. */
  readonly isReadBack: boolean;
}

/** @throws UserError that says why the evidence tells nothing of this package */
export function planOf(evidence: Evidence, file: string, measured: MeasuredPackage): PackagePlan {
  const refuse = (why: string, mend?: string) =>
    new UserError(`${file} tells nothing of ${measured.path}: ${why}`, mend);
  const { digest, isDefault, function: fn } = measured;
  const same = evidence.packages.filter(
    (one) => one.sha256 === digest.sha256 && isDeepStrictEqual({ ...one.files }, { ...digest.files }),
  );
  if (same.length === 0)
    throw refuse(
      `it is of other bytes, of ${evidence.packages.map(({ name }) => name).join(" and ") || "no package"}`,
      "give the package that was measured, or measure this one: graphc-ane gate",
    );
  const own = same.find((one) => one.function === fn || ((one.function ?? undefined) === undefined && isDefault));
  if (!own) throw refuse(`it is of its function ${same[0]!.function ?? "that is run by default"}, not of ${fn}`);
  const wrong = originProblem(evidence, own.role);
  if (wrong !== undefined) throw refuse(wrong);
  const [table, ...more] = evidence.residency.filter(({ role }) => role === own.role);
  if (!table) throw refuse("its plan was not read");
  if (more.length > 0) throw refuse("there are two tables of it");
  if (table.function !== fn) throw refuse(`the plan is of ${table.function}, not of ${fn}`);
  const odd = tableProblem(table.operations, measured);
  if (odd !== undefined) throw refuse(odd);
  const { chip, osVersion, osBuild } = evidence.system;
  return {
    device: `${chip}, macOS ${osVersion} (${osBuild})`,
    tokens: own.tokens,
    operations: table.operations.filter(({ kind }) => !isConstantKind(kind)),
    isReadBack: evidence.attested.some(({ role }) => role === own.role),
  };
}

/** A stand-in, a virtual Mac and other units have no plan of the engine. */
function originProblem(evidence: Evidence, role: "block" | "step"): string | undefined {
  const { tool, units, attested } = evidence;
  if (tool.engine !== "Core ML") return `it was made by the ${tool.engine}, not on a device`;
  if (units !== GATE_UNITS) return `it was measured with units ${units}`;
  const planned = attested.find((one) => one.role === role && one.plan.units !== GATE_UNITS);
  return planned ? `it was planned with units ${planned.plan.units}` : machineProblem(evidence);
}
