#!/usr/bin/env node
/** The executable: streams, signals, exit code. */
import { processIo } from "./io.ts";
import { main } from "./main.ts";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => stop.abort(signal));
}
process.exitCode = await main(process.argv.slice(2), processIo(stop.signal));
