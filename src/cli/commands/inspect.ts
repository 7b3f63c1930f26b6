/** `graphc inspect`: any ML Program package as MIL text. */

import { milJson } from "../../emit/mil/json.ts";
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
  notes: [
    "Functions, states, flexible sizes, ops and weights (dtype, shape, hash), whoever wrote the package.",
    'With --json all that the model file says: "NaN", "Infinity", "-Infinity" and "-0" are texts, an open size is null.',
  ],
  async run(args, io) {
    const pkg = readPackage(args.operands[0]!);
    const text = args.flag("json")
      ? JSON.stringify(milJson(pkg.model, hashesOf(pkg)), null, 2)
      : printMil(pkg.model, { hashOf: (...blob) => hashesOf(pkg)(...blob).slice(0, SHORT_HASH) });
    io.out(text);
    return 0;
  },
};

const hashesOf = (pkg: Package) => (blob: BlobRef, type: MilTensorType) => pkg.blobs.source(blob, type).sha256;
