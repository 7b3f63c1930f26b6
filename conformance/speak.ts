/** What a built model says after each prompt, ends ignored, greedily and with drafts: `speak.ts FOLDER PROMPTS COUNT`. */
import { readFileSync } from "node:fs";
import { speakGreedily, speakSpeculatively } from "../src/build/host/decode.ts";
import { openSpeaker } from "../src/build/host/speaker.ts";

const [folder, prompts, count] = process.argv.slice(2) as [string, string, string];
const speaker = await openSpeaker(folder, { threads: 2 });
const said = (JSON.parse(readFileSync(prompts, "utf8")) as readonly (readonly number[])[]).map((prompt) => {
  const speech = { prompt, most: Number(count), stops: [] };
  return { greedy: speakGreedily(speaker, speech, 1), drafted: speakSpeculatively(speaker, speech) };
});
await speaker.close();
console.log(JSON.stringify(said));
