/** Puts a page together: one file, with its data, its style and its script, that asks for nothing else. */
import type { PageData } from "./data.ts";
import { packed } from "./packed.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./page.gen.ts";

/** Forbids whatever could leave the file: a name that got through would still load nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/** In the head of every page, so that one may replace another. */
export const PAGE_MARK = '<meta name="generator" content="graphc view">';

/** The text of the file. Names from files are text of JSON in which no tag can begin, and the script writes them as text. */
export const pageHtml = (data: PageData): string =>
  [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8">',
    PAGE_MARK,
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(data.title)}</title>`,
    `<style>${PAGE_STYLE}</style></head><body>`,
    "<noscript>This page draws its picture by a script of its own, which is turned off.</noscript>",
    `<script type="application/json" id="data">${inScript(data)}</script>`,
    `<script>${PAGE_SCRIPT}</script>`,
    "</body></html>",
    "",
  ].join("\n");

const inScript = (data: PageData): string =>
  JSON.stringify(packed(data)).replace(
    /[<>&\u2028\u2029]/g,
    (ch) => `\\u${ch.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (ch) => ENTITIES[ch]!);
