/** States whose contents stay in the machine's memory from one call to the next: where they lie, and what is left to move. */
import type { Graph } from "../../dsl/graph.ts";
import { show } from "../../dsl/type.ts";
import { bytesOfValue, type Plan } from "./plan.ts";

/** Bytes of each state that stays, by its name; plans that have one of the same name share it. */
export function keptStates(plans: readonly Plan[]): ReadonlyMap<string, number> {
  const found = new Map<string, { readonly bytes: number; readonly form: string }>();
  for (const { graph, kept, precision } of plans)
    for (const { name, entry } of graph.states.filter((state) => kept.has(state.entry))) {
      const form = `${show(entry.type)} in ${precision}`;
      const other = found.get(name)?.form ?? form;
      if (other !== form) throw new Error(`plans cannot share state "${name}": it is ${other} and ${form}`);
      found.set(name, { form, bytes: bytesOfValue(entry, precision) });
    }
  return new Map([...found].map(([name, { bytes }]) => [name, bytes]));
}

/** States that stay, but whose exit lies elsewhere at the end of a call. */
export const movedStates = ({ graph, kept, owners }: Plan): Graph["states"] =>
  graph.states.filter(({ name, entry, exit }) => kept.has(entry) && kept.get(owners.get(exit)!) !== name);
