/** Switches of which one is on. */
import { html } from "./element.ts";

/** Radio buttons under a title; `choose` is told of each that the reader turns on. */
export function choice(
  name: string,
  title: string,
  options: readonly (readonly [value: string, text: string])[],
  first: string,
  choose: (value: string) => void,
): HTMLElement {
  const inputs = options.map(([value, text]) => {
    const input = html("input", { type: "radio", name, value, ...(value === first ? { checked: "" } : {}) });
    input.addEventListener("change", () => choose(value));
    return html("label", {}, input, text);
  });
  return html("fieldset", {}, html("legend", {}, title), ...inputs);
}
