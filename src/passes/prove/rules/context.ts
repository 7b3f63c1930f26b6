/** An attempt at a proof with the rules that it goes by. */
import { type Assumptions, type Interface, newSetting, type Setting } from "../logic/setting.ts";
import type { Store } from "../logic/terms.ts";
import type { RuleBook } from "./rule-book.ts";

/** One attempt. */
export interface Context extends Setting {
  readonly rules: RuleBook;
}

/** A fresh attempt; with a store, one that continues it. */
export const newContext = (assumptions: Assumptions, told: Interface, rules: RuleBook, store?: Store): Context => ({
  ...newSetting(assumptions, told, store),
  rules,
});
