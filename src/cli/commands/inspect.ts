/** `graphc inspect`: any ML Program package as MIL text. */
import type { BlobRef, MilTensorType } from "../../emit/mil/records.ts";
import { printMil } from "../../emit/mil/text.ts";
import { type Package, readPackage } from "../../emit/read/read.ts";
import type { Command } from "../command.ts";

const SHORT_HASH = 12;

export const inspect: Command = {
  name: "inspect",
  summary: "Prints functions, states, flexible sizes and weights (dtype, shape, hash) of a package, whoever wrote it.",
  operands: "X.mlpackage",
  arity: [1, 1],
  options: {},
  async run(args, io) {
    const pkg = readPackage(args.operands[0]!);
    io.out(args.flag("json") ? JSON.stringify(jsonOf(pkg), null, 2) : printMil(pkg.model, { hashOf: hashes(pkg) }));
    return 0;
  },
};

const hashes = (pkg: Package) => (blob: BlobRef, type: MilTensorType) =>
  pkg.blobs.source(blob, type).sha256.slice(0, SHORT_HASH);

/** The records as they are, with the full hash beside every reference into the weight file. */
function jsonOf(pkg: Package): unknown {
  const enrich = (_: string, value: unknown): unknown => {
    if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array);
    if (typeof value !== "object" || value === null || !("blob" in value)) return value;
    const { blob, type } = value as { blob: BlobRef; type: MilTensorType };
    return { type, ...blob, sha256: pkg.blobs.source(blob, type).sha256 };
  };
  return JSON.parse(JSON.stringify(pkg.model, enrich));
}
