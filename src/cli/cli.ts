#!/usr/bin/env node
/** The executable: streams, signals, exit code. */
import { main } from "./main.ts";
import { processIo } from "./terminal/io.ts";
import { optimiseLater } from "./terminal/javascript.ts";

optimiseLater();
process.exitCode = await main(process.argv.slice(2), processIo());
