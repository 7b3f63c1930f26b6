/** Leaves out what only tests and pages read: the lemmas of rules, and what declarations say of themselves. */
import { declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin";

const TOLD = new Set(["lemma", "says", "needs", "doc"]);

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, "told", {
    shouldIgnore: (path) =>
      path.isObjectProperty() && TOLD.has(path.node.key.name) ? "read by tests and pages alone" : undefined,
  }),
];
