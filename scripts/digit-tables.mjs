/**
 * Writes src/dsl/shapes/digits.gen.ts: one-digit arithmetic as lookup interfaces, which is the form that TypeScript
 * checks fastest. Run `node scripts/digit-tables.mjs`; with --check it compares instead of writing.
 */
import { readFileSync, writeFileSync } from "node:fs";

const FILE = new URL("../src/dsl/shapes/digits.gen.ts", import.meta.url);
const digits = Array.from({ length: 10 }, (_, n) => n);
const bits = [0, 1];
/** Two digits, units first. */
const pair = (n) => `${n % 10}${Math.floor(n / 10)}`;

const table = (name, doc, rows) =>
  `/** ${doc} */\nexport interface ${name} {\n${rows.map(([key, value]) => `  "${key}": "${value}";`).join("\n")}\n}\n`;

const add = digits.flatMap((a) => digits.flatMap((b) => bits.map((c) => [`${a}${b}${c}`, pair(a + b + c)])));
const sub = digits.flatMap((a) => digits.flatMap((b) => bits.map((c) => [`${a}${b}${c}`, borrowed(a - b - c)])));
const mulAdd = digits.flatMap((a) => digits.flatMap((b) => digits.map((c) => [`${a}${b}${c}`, pair(a * b + c)])));
const axes = [1, 2, 3, 4, 5].flatMap((rank) =>
  Array.from({ length: rank }, (_, axis) => [`${rank}:${axis - rank}`, `${axis}`]),
);

function borrowed(n) {
  return n < 0 ? `${n + 10}1` : `${n}0`;
}

const text = `/** One-digit arithmetic for src/dsl/shapes/arithmetic.ts. Written by scripts/digit-tables.mjs; do not edit. */

${[
  table("ADD", "a, b, carry to digit, carry of a + b + carry.", add),
  table("SUB", "a, b, borrow to digit, borrow of a - b - borrow.", sub),
  table("MULADD", "a, b, carry to digit, carry of a · b + carry.", mulAdd),
  table("FROM_END", "rank:axis, for an axis counted from the end, to the axis counted from the front.", axes),
].join("\n")}`;

if (process.argv.includes("--check")) {
  if (readFileSync(FILE, "utf8") !== text) {
    console.error("src/dsl/shapes/digits.gen.ts is not what scripts/digit-tables.mjs writes: run it");
    process.exitCode = 1;
  }
} else writeFileSync(FILE, text);
