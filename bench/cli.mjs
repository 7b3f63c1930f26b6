/** Start-up: `graphc --help` against bare `node -e 0`, and `check` of a checkpoint of true size. `node bench/cli.mjs [rounds]` */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeCheckpoint } from "./checkpoint.mjs";
import { median, ms, ratioOf, show, takeTurns, timeOf, withBundle } from "./measure.mjs";

const rounds = Number(process.argv[2] ?? 21);
/** Of `check` of a folder of 30 layers, in ms. */
const CHECK = 500;
const folder = mkdtempSync(join(tmpdir(), "graphc-bench-"));
writeCheckpoint(folder, 30, 1);
withBundle((cli) => {
  const times = takeTurns(
    {
      node: () => timeOf(process.execPath, ["-e", "0"]),
      help: () => timeOf(process.execPath, [cli, "--help"]),
      check: () => timeOf(process.execPath, [cli, "check", "phi4-mini"]),
      folder: () => timeOf(process.execPath, [cli, "check", folder]),
    },
    rounds,
  );
  console.log(`start-up, median of ${rounds} rounds in turns`);
  show("node -e 0", ms(median(times.node)));
  const ratio = ratioOf(times.help, times.node);
  show("graphc --help", `${ms(median(times.help))} = ${ratio.toFixed(2)}x`, "1.3x", ratio <= 1.3);
  show(
    "graphc check phi4-mini, in all",
    `${ms(median(times.check))} = ${ratioOf(times.check, times.node).toFixed(2)}x`,
  );
  const whole = median(times.folder);
  show("graphc check CHECKPOINT, 30 layers", ms(whole), ms(CHECK), whole <= CHECK);
});
rmSync(folder, { recursive: true });
