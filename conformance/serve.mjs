// Runs programs for the suite, one after the other: a line of standard input is one as JSON, [MODULE, ARGUMENT...], and is answered by a line,
// {"code", "out", "err"}. A module is run again for each line; what it imports is loaded once, and has been optimised by then.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const answer = process.stdout.write.bind(process.stdout);
// Each program listens to the streams, and none of them goes away.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);

let count = 0;
for await (const line of createInterface({ input: process.stdin })) {
  answer(`${JSON.stringify(await outcomeOf(JSON.parse(line)))}\n`);
  process.exitCode = 0;
}

async function outcomeOf([module, ...args]) {
  const [out, err] = [process.stdout, process.stderr].map(keptOf);
  process.argv = [process.argv[0], module, ...args];
  process.exitCode = 0;
  try {
    await import(`${pathToFileURL(module)}?run=${++count}`);
    return { code: process.exitCode, out: out.join(""), err: err.join("") };
  } catch (error) {
    return { code: 1, out: out.join(""), err: `${err.join("")}${error?.stack ?? error}` };
  }
}

/** What is written to the stream from now on, until it is asked for again. */
function keptOf(stream) {
  const kept = [];
  stream.write = (text, ...rest) => {
    kept.push(`${text}`);
    rest.find((x) => typeof x === "function")?.();
    return true;
  };
  return kept;
}
