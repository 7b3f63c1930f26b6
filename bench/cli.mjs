/** Start-up: `graphc --help` against bare `node -e 0`. `node bench/cli.mjs [rounds]` */
import { median, ms, ratioOf, show, takeTurns, timeOf, withBundle } from "./measure.mjs";

const rounds = Number(process.argv[2] ?? 21);
withBundle((cli) => {
  const times = takeTurns(
    {
      node: () => timeOf(process.execPath, ["-e", "0"]),
      help: () => timeOf(process.execPath, [cli, "--help"]),
      check: () => timeOf(process.execPath, [cli, "check", "phi4-mini"]),
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
});
