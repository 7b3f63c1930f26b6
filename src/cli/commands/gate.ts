/** `graphc gate`: what is proven, compiled, resident and at parity for these very bytes, and what is still missing. */
import { judgeBuild } from "../../evidence/policy.ts";
import type { Command } from "../command.ts";
import { table } from "../table.ts";

/** A line per item of the gate; one without a yes makes the whole a no. */
export const gateCommand: Command = {
  name: "gate",
  operands: "DIR",
  arity: [1, 1],
  needs: "the folder that emit wrote and graphc-ane measured",
  example: "build",
  options: {},
  notes: [
    "Holds evidence.json against the packages and the certificate in the same folder.",
    "Exit code 0 only when every line says yes.",
  ],
  async run(args, io) {
    const { judgement, evidence } = await judgeBuild(args.operands[0]!);
    if (args.flag("json")) io.out(JSON.stringify({ ...judgement, system: evidence?.system }, null, 2));
    else {
      io.out(
        table(
          ["item", "", "note"],
          judgement.findings.map(({ item, status, note }) => [item, status, note]),
        ),
      );
      io.out(judgement.passes ? "PASS" : "NOT PASSED");
    }
    return judgement.passes ? 0 : 1;
  },
};
