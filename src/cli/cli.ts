#!/usr/bin/env node
/** The executable: streams, signals, exit code. */
import { optimiseLater } from "./engine.ts";
import { processIo } from "./io.ts";
import { main } from "./main.ts";

optimiseLater();
process.exitCode = await main(process.argv.slice(2), processIo());
