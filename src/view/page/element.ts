/** Makes elements of HTML and SVG. Text is always written as text, so that no name from a file can become a tag. */

const SVG = "http://www.w3.org/2000/svg";

/** Attributes by name; numbers are written out. */
type Attributes = Readonly<Record<string, string | number>>;

/** An HTML element with text and elements in it. */
export function html(tag: string, attributes: Attributes, ...children: readonly (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** The same of SVG. */
export function svg(tag: string, attributes: Attributes, ...children: readonly (Node | string)[]): SVGElement {
  const made = document.createElementNS(SVG, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}
