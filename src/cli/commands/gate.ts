/** `graphc gate`: what is proven, compiled, resident and at parity for these very bytes, and what is still missing. */
import { evidenceFileIn } from "../../evidence/judge/build.ts";
import { judgementOf } from "../../evidence/judge/judge.ts";
import { judgedWithProgress } from "../gate/judged-build.ts";
import { signatureFinding } from "../gate/signature.ts";
import type { Command } from "../options/command.ts";
import { table } from "../terminal/table.ts";

/** A line per item of the gate; one without a yes makes the whole a no. */
export const gateCommand: Command = {
  name: "gate",
  operands: "DIR",
  arity: [1, 1],
  needs: "the folder that emit wrote and graphc-ane measured",
  example: "build",
  options: {
    "signed-by": {
      kind: "file",
      value: "SIGNERS",
      help: "also ask for evidence.json.sig of one of these signers (ssh-keygen -Y, docs/evidence.md)",
    },
  },
  notes: [
    "Proves the packages again, computes the fixtures again, and holds evidence.json against both.",
    "Exit code 0 only when every line says yes.",
  ],
  async run(args, io) {
    const [folder] = args.operands as [string];
    const signers = args.text("signed-by");
    // Read once: what was signed is what is judged, whoever writes into the folder meanwhile.
    const file = await evidenceFileIn(folder);
    // First, for it takes no time: a mistake in it is told before packages are run.
    const signature = signers === undefined ? [] : [await signatureFinding(file, signers)];
    const { judgement, evidence } = await judgedWithProgress(folder, io, file);
    const { passes, findings } = judgementOf([...judgement.findings, ...signature]);
    if (args.flag("json")) io.out(JSON.stringify({ passes, findings, system: evidence?.system }, null, 2));
    else {
      io.out(
        table(
          ["item", "", "note"],
          findings.map(({ item, status, note }) => [item, status, note]),
        ),
      );
      io.out(passes ? "PASS" : "NOT PASSED");
    }
    return passes ? 0 : 1;
  },
};
