/** The logits that a built model gives behind each token of each prompt, as the host gives them: `built-logits.ts FOLDER PROMPTS OUT [fp16|engine]`, as fp16. */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { openSpeaker } from "../src/build/host/speaker.ts";

const [folder, prompts, out, precision] = process.argv.slice(2) as [string, string, string, ("fp16" | "engine")?];
const speaker = await openSpeaker(folder, { threads: 2, ...(precision ? { precision } : {}) });
const file = openSync(out, "w");
for (const tokens of JSON.parse(readFileSync(prompts, "utf8")) as readonly (readonly number[])[])
  for (let at = 0; at < tokens.length; at += speaker.block)
    for (const row of speaker.logits(tokens.slice(at, at + speaker.block), at)) writeSync(file, row);
closeSync(file);
await speaker.close();
