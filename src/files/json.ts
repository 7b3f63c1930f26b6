/** JSON as other people's files must hold it: well formed, no key twice, and no deeper than anybody nests. */
import { UserError } from "../dsl/user-error.ts";

/**
 * Parses JSON and refuses an object that has a key twice, of which JSON.parse would keep the last and say nothing, and
 * nesting beyond DEEPEST. Keys are own properties of what is returned, `__proto__` too.
 * @param where The file, for messages.
 * @throws UserError
 */
export function strictJson(text: string, where: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The message shows a piece of the text, which may have breaks of lines and what moves the cursor of a terminal.
    const message = (error as Error).message.replace(/[\s\p{Cc}]+/gu, " ");
    throw new UserError(`${where}: not valid JSON: ${message}`);
  }
  checkObjects(text, where);
  return value;
}

/** Parses UTF-8 bytes strictly, then as `strictJson`. */
export function strictJsonOf(bytes: Uint8Array, where: string): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UserError(`${where}: not valid UTF-8`);
  }
  return strictJson(text, where);
}

/** Nothing that is read here nests by more than ten. */
const DEEPEST = 100;

/** The text is known to be JSON, so strings, braces and brackets are all to look for. */
function checkObjects(text: string, where: string): void {
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "{" || c === "[") open.push(new Set());
    else if (c === "}" || c === "]") open.pop();
    else if (c === '"') {
      const end = endOfString(text, i);
      if (isKey(text, end)) addKey(open.at(-1)!, JSON.parse(text.slice(i, end)), where);
      i = end - 1;
    }
    if (open.length > DEEPEST) throw new UserError(`${where}: nested deeper than ${DEEPEST}`);
  }
}

function addKey(keys: Set<string>, key: string, where: string): void {
  if (keys.has(key)) throw new UserError(`${where}: the key ${JSON.stringify(key)} is given twice`);
  keys.add(key);
}

/** One past the closing quote of the string that opens at `begin`. */
function endOfString(text: string, begin: number): number {
  for (let i = begin + 1; ; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"') return i + 1;
  }
}

function isKey(text: string, end: number): boolean {
  let i = end;
  while (text[i] === " " || text[i] === "\n" || text[i] === "\r" || text[i] === "\t") i++;
  return text[i] === ":";
}
