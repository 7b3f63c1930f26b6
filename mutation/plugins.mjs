/** What we add to StrykerJS: a runner, and what is left out (what only tests and pages read of a declaration: lemmas, descriptions). */
import { declareClassPlugin, declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin";
import { WarmRunner } from "./warm/runner.mjs";

const TOLD = new Set(["lemma", "says", "needs", "doc"]);

export const strykerPlugins = [
  declareClassPlugin(PluginKind.TestRunner, "warm", WarmRunner),
  declareValuePlugin(PluginKind.Ignore, "told", {
    shouldIgnore: (path) =>
      path.isObjectProperty() && TOLD.has(path.node.key.name) ? "read by tests and pages alone" : undefined,
  }),
];
