/** `graphc inspect`: any ML Program package as MIL text. */

import { milJson } from "../../emit/mil/json.ts";
import type { BlobRef, MilTensorType } from "../../emit/mil/records.ts";
import { printMil } from "../../emit/mil/text.ts";
import { type Package, readPackage } from "../../emit/read/read.ts";
import type { PackageFinding } from "../../emit/rules/package-rule.ts";
import { packageFindings } from "../../emit/rules/package-rules.ts";
import { printable } from "../../files/printable.ts";
import { findingsText } from "../check-text.ts";
import type { Command } from "../command.ts";

const SHORT_HASH = 12;

/** The records of a package as they are, lifted into no graph: it shows what graphc itself could not run. */
export const inspectCommand: Command = {
  name: "inspect",
  operands: "X.mlpackage",
  arity: [1, 1],
  needs: "a package",
  example: "build/phi4-mini.layer0.t4.mlpackage",
  options: {},
  notes: [
    "Functions, states, flexible sizes, ops and weights (dtype, shape, hash), whoever wrote the package.",
    "At the end what Core ML is known to refuse in it; exit code 1 when that is an error.",
    'With --json all that the model file says: "NaN", "Infinity", "-Infinity" and "-0" are texts, an open size is null;',
    "`findings` is what the text has at its end.",
  ],
  async run(args, io) {
    const pkg = readPackage(args.operands[0]!);
    const findings = packageFindings(pkg.model);
    io.out(args.flag("json") ? jsonOf(pkg, findings) : textOf(pkg, findings));
    return findings.some(({ severity }) => severity === "error") ? 1 : 0;
  },
};

const jsonOf = (pkg: Package, findings: readonly PackageFinding[]): string =>
  JSON.stringify({ ...milJson(pkg.model, hashesOf(pkg)), findings }, null, 2);

function textOf(pkg: Package, findings: readonly PackageFinding[]): string {
  const program = printMil(pkg.model, { hashOf: (...blob) => hashesOf(pkg)(...blob).slice(0, SHORT_HASH) });
  const several = pkg.model.functions.length > 1;
  const found = findings.map((one) => {
    const where = several && one.function !== undefined ? `function ${JSON.stringify(one.function)}: ` : "";
    return findingsText([{ ...one, text: `${where}${one.text}` }]);
  });
  return [program, ...found.map((text) => text.split("\n").map(printable).join("\n"))].join("\n").trimEnd();
}

const hashesOf = (pkg: Package) => (blob: BlobRef, type: MilTensorType) => pkg.blobs.source(blob, type).sha256;
