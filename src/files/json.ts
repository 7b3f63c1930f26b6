/** JSON as other people's files must hold it: well formed, and no key twice. */
import { UserError } from "../dsl/user-error.ts";

/**
 * Parses JSON and refuses an object that has a key twice: JSON.parse would keep the last one and say nothing.
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
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new UserError(`${where}: the key ${JSON.stringify(twice)} is given twice`);
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

/** The first key that its object has already. The text is known to be JSON, so strings and braces are all to look for. */
function duplicateKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "{") open.push(new Set());
    else if (c === "}") open.pop();
    else if (c === '"') {
      const end = endOfString(text, i);
      if (isKey(text, end)) {
        const key = JSON.parse(text.slice(i, end)) as string;
        const keys = open.at(-1)!;
        if (keys.has(key)) return key;
        keys.add(key);
      }
      i = end - 1;
    }
  }
  return undefined;
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
