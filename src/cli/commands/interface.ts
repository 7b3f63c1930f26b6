/** `graphc interface`: what graphc would assume of the inputs of graphs, as the file that --interface takes. */
import { graphHash } from "../../passes/prove/report/certificate.ts";
import { ROLE_OPTIONS } from "../interface/given.ts";
import { interfaceRecord } from "../interface/record.ts";
import type { Command } from "../options/command.ts";
import { isPackage } from "../options/operand-kind.ts";
import { SIZE_OPTIONS, TOKENS_OF_PACKAGES } from "../options/size-options.ts";
import { tellKinds } from "../subject/each-kind.ts";
import { FUNCTION_OPTIONS, requestedPair } from "../subject/pair.ts";

/** JSON, with or without --json. What nobody told and nothing tells is null in it. */
export const interfaceCommand: Command = {
  name: "interface",
  operands: "phi4-mini | CHECKPOINT | GRAPH.ts | BLOCK.mlpackage [STEP.mlpackage]",
  arity: [1, 2],
  needs: "a model (phi4-mini), a graph file, or a package with or without its one-token twin",
  example: "block.mlpackage step.mlpackage",
  options: { ...SIZE_OPTIONS, ...TOKENS_OF_PACKAGES, ...FUNCTION_OPTIONS, ...ROLE_OPTIONS },
  notes: [
    "Edit it and give it back: graphc prove BLOCK STEP --interface FILE. Where all was known the verdict is the same.",
    'An input whose role is not known is null and listed under "?"; listed too is one that is taken for rows by its shape and may be a mask.',
    "With --interface PRESET it shows what the preset says of these inputs.",
    "Exit code 0 when every role is known, else 1.",
  ],
  async run(args, io) {
    const pair = await requestedPair(args, io);
    tellKinds(pair.model, io);
    // A graph file whose block is its step is one of one token.
    const alone = isPackage(args.operands[0]!) && graphHash(pair.block) === graphHash(pair.step);
    const record = interfaceRecord(pair, { given: pair.given, outputs: pair.outputs ?? { said: new Map() }, alone });
    io.out(JSON.stringify(record, null, 2));
    return record["?"] === undefined ? 0 : 1;
  },
};
