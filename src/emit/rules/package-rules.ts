/** Runs every rule about packages over the records of one. The rules are data: one list a subject, printed into docs/engine-rules.md. */
import type { MilModel } from "../mil/records.ts";
import { formRules } from "./form.ts";
import type { PackageFinding, PackageRule } from "./package-rule.ts";
import { sizeRules } from "./sizes.ts";
import { stateRules } from "./state.ts";
import { versionRules } from "./version.ts";

/** Every rule, in the order of the report and of docs/engine-rules.md. */
export const packageRules: readonly PackageRule[] = [...versionRules, ...formRules, ...stateRules, ...sizeRules];

/** Every offence, errors first, then in the order of the table. */
export function packageFindings(model: MilModel): readonly PackageFinding[] {
  const order = { error: 0, warning: 1, note: 2 } as const;
  return packageRules
    .flatMap(({ id, severity, source, find }) =>
      find(model).map((offence) => ({ ...offence, rule: id, severity, source })),
    )
    .sort((a, b) => order[a.severity] - order[b.severity]);
}
