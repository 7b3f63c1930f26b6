/** `graphc inspect`: any ML Program package as MIL text. */
import type { BlobRef, MilTensorType } from "../../emit/mil/records.ts";
import { printMil } from "../../emit/mil/text.ts";
import { type Package, readPackage } from "../../emit/read/read.ts";
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
  notes: ["Functions, states, flexible sizes, ops and weights (dtype, shape, hash), whoever wrote the package."],
  async run(args, io) {
    const pkg = readPackage(args.operands[0]!);
    io.out(
      args.flag("json") ? JSON.stringify(modelRecord(pkg), null, 2) : printMil(pkg.model, { hashOf: shortHashes(pkg) }),
    );
    return 0;
  },
};

const shortHashes = (pkg: Package) => (blob: BlobRef, type: MilTensorType) =>
  pkg.blobs.source(blob, type).sha256.slice(0, SHORT_HASH);

/** The records as they are, with the full hash beside every reference into the weight file. */
function modelRecord(pkg: Package): unknown {
  const enrich = (_: string, value: unknown): unknown => {
    if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array);
    if (typeof value !== "object" || value === null || !("blob" in value)) return value;
    const { blob, type } = value as { blob: BlobRef; type: MilTensorType };
    return { type, ...blob, sha256: pkg.blobs.source(blob, type).sha256 };
  };
  return JSON.parse(JSON.stringify(pkg.model, enrich));
}
