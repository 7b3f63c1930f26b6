/** Every file that a comment or a page of ours names is there. */
import { expect, test } from "vitest";
import { staleMentions, written } from "../support/repository.ts";

/** Files of others, and files that a command makes. */
const ELSEWHERE = [
  /: (models\/phi3\/)?(modeling_(phi3|rope_utils)|configuration_(gemma|qwen)[23])\.py$/, // Hugging Face transformers
  /: (runtime\/phi4_mini_ane\.swift|research\/INT4_SHARD_ANE_BUG\.md)$/, // the runtime that tools/README.md cites
  /^src\/weights\/gguf\/\S+: (docs\/gguf\.md|convert_hf_to_gguf\.py|gguf-py\/gguf\/tensor_mapping\.py)$/, // ggml and llama.cpp
  /^docs\/build\.md:\d+: compile\.sh$/, // what a build writes
  /^conformance\/.*: (command-lines|embedding-rows|gguf|host-rows|quantised|run-faults|weights)\.mjs$/, // bundles that conformance/run.sh makes of the .ts files
  /^docs\/architecture\.md:\d+: graph\.ts$/, // the author's
  /^docs\/commands\.md:\d+: GRAPH\.ts$/, // an operand
  /^docs\/(start|author|refutation)\.md:\d+: [a-z]+\.ts$/, // what these pages write themselves
  /: examples\/apple\/coreml\/llama$/, // executorch
  /^docs\/engine-rules\.md:/, // what its sources are
  /^docs\/incidents\.md:/, // where incidents are told, and what their replays write
  /^test\/repository\/mentions\.test\.ts:/, // planted below
];

test("what comments and pages name exists", () => {
  const sources = written([".ts", ".mjs", ".md", ".py", ".swift", ".sh", ".ci/run"]);
  expect(sources.length).toBeGreaterThan(350);
  const stale = sources.flatMap((source) => staleMentions(source));
  expect(stale.filter((name) => !ELSEWHERE.some((form) => form.test(name)))).toEqual([]);
  for (const form of ELSEWHERE)
    expect(
      stale.filter((name) => form.test(name)),
      String(form),
    ).not.toEqual([]);
});

test("a name that is stale is found, in comments of every kind and in pages", () => {
  const there = new Set(["src/a/b.ts", "src/a", "tools/Sources/Gate/C.swift", "docs/d.md"]);
  const stale = (path: string, text: string) => staleMentions({ path, text }, (name) => there.has(name));
  expect(stale("src/a/x.ts", "/** As b.ts, ./b.ts, ../a/b.ts, src/a and docs/d.md say. */\n// b.ts")).toEqual([]);
  expect(stale("tools/Tests/T.swift", "/// Gate/C.swift")).toEqual([]);
  expect(stale("src/a/x.ts", 'import "./gone.ts";\n/**\n * See gone.ts\n */\n// and src/gone, e.ts')).toEqual([
    "src/a/x.ts:3: gone.ts",
    "src/a/x.ts:5: e.ts",
    "src/a/x.ts:5: src/gone",
  ]);
  expect(stale("docs/d.md", "one\n`src/a/gone.ts`, src/a/*.ts, https://x.org/y/z.py")).toEqual([
    "docs/d.md:2: src/a/gone.ts",
  ]);
  expect(stale("conformance/x.py", '"""\nb.ts"""\n# gone.py\nopen("other.py")')).toEqual([
    "conformance/x.py:2: b.ts",
    "conformance/x.py:3: gone.py",
  ]);
});
