// llama.cpp as a witness, by node-llama-cpp from the folder that the suite has put it into:
// `llama.mjs FOLDER tokenize FILE TEXTS` or `llama.mjs FOLDER generate FILE PROMPTS COUNT`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, work, file, input, count] = process.argv.slice(2);
const { getLlama } = await import(pathToFileURL(createRequire(join(folder, "x.js")).resolve("node-llama-cpp")));
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", progressLogs: false });
const model = await llama.loadModel({ modelPath: file, gpuLayers: 0, vocabOnly: work === "tokenize" });
const all = JSON.parse(readFileSync(input, "utf8"));
console.log(JSON.stringify(work === "tokenize" ? all.map((text) => model.tokenize(text, true)) : await generated()));
process.exit(0);

/** For each prompt its new tokens, with the probability of each and of the token that comes next after it. */
async function generated() {
  const context = await model.createContext({ contextSize: 256, batchSize: 64, threads: 2 });
  const sequence = context.getSequence();
  const said = [];
  for (const prompt of all) {
    await sequence.clearHistory();
    const steps = [];
    const options = { temperature: 0 };
    const meta = { probabilities: true };
    for await (const { token, probabilities } of sequence.evaluateWithMetadata(prompt, meta, options)) {
      steps.push({ token, best: [...probabilities].toSorted(([, a], [, b]) => b - a).slice(0, 2) });
      if (steps.length >= Number(count)) break;
    }
    said.push(steps);
  }
  return said;
}
