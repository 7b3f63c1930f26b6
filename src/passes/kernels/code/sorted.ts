/** Rows in order as JavaScript text: a row is sorted once, outside the loop over its places. */
import type { Sorting } from "../../../dsl/algebra.ts";
import type { CodeTerm, Writer } from "./writer.ts";

/** What stands at `at` when the n elements are in order. */
export function sorted(
  w: Writer,
  { gives, descending }: Sorting,
  n: number,
  at: CodeTerm,
  element: (k: CodeTerm) => CodeTerm,
): CodeTerm {
  const body = w.nest(element);
  const [elements, places] = [w.fresh(), w.fresh()];
  const k = body.variable.text;
  const depth = w.emit(
    () => [
      `const ${elements} = new Float64Array(${n});`,
      `for (let ${k} = 0; ${k} < ${n}; ${k}++) { ${body.lines.join("\n")} ${elements}[${k}] = ${body.result.text}; }`,
      `const ${places} = placesInOrder(${elements}, ${descending});`,
    ],
    [body.result],
    [body],
  );
  const place = w.bind(`${places}[${at.text}]`, [{ text: places, depth }, at]);
  return gives === "place" ? place : w.bind(`${elements}[${place.text}]`, [{ text: elements, depth }, place]);
}
