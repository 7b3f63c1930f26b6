/** Edits of the text of an evidence.json: what no writer of JSON gives, and what is another way to write the same. */

/** A name, what is said of it (nothing where it changes nothing), and the edit. */
export const TEXTS: readonly (readonly [name: string, says: string | undefined, edit: (text: string) => string])[] = [
  ["a mark of byte order", "not valid JSON", (text) => `\ufeff${text}`],
  ["a key twice", 'the key "units" is given twice', (text) => text.replace('"units":', '"units":"all","units":')],
  [
    "a key twice, once with an escape",
    'the key "passes" is given twice',
    (text) => text.replace('"passes":true', '"passes":true,"p\\u0061sses":false'),
  ],
  [
    "a key that names the prototype",
    "__proto__ is no field of this format",
    (text) => `{"__proto__":{},${text.slice(1)}`,
  ],
  ["two files in one", "not valid JSON", (text) => text + text],
  ["a comment", "not valid JSON", (text) => `// measured\n${text}`],
  ["NaN in its place", "not valid JSON", (text) => text.replace('"relativeL2":0.001', '"relativeL2":NaN')],
  ["Infinity in its place", "not valid JSON", (text) => text.replace('"worstMs":6', '"worstMs":Infinity')],
  [
    "a figure beyond all numbers",
    "too near each other for figures against fp64 of Infinity",
    (text) => text.replace('"relativeL2":0.001', '"relativeL2":1e400'),
  ],
  [
    "a time beyond all numbers",
    "worstMs of the block is Infinity",
    (text) => text.replace('"worstMs":6', '"worstMs":1e400'),
  ],
  [
    "memory beyond all numbers",
    "peakBytes is not",
    (text) => text.replace('"peakBytes":400000000', '"peakBytes":4e400'),
  ],
  ["a token below zero", "tokens is not a whole number from 0", (text) => text.replace('"tokens":4', '"tokens":-4')],
  ["zeros in front", "not valid JSON", (text) => text.replace('"tokens":4', '"tokens":04')],
  ["a verdict that begins a line", "gates[0].verdict is not", (text) => text.replace('"pass"', '"pass\\n"')],
  ["half of it", "not valid JSON", (text) => text.slice(0, text.length / 2)],
  ["nothing", "not valid JSON", () => ""],
  ["null", "is not graphc-evidence", () => "null"],
  ["a list around it", "is not graphc-evidence", (text) => `[${text}]`],
  [
    "a negative zero",
    undefined,
    (text) => text.replaceAll('"relativeL2":0,', '"relativeL2":-0,').replaceAll('"call":0', '"call":-0'),
  ],
  [
    "numbers with exponents",
    undefined,
    (text) => text.replaceAll('"relativeL2":0.001', '"relativeL2":1e-3').replaceAll('"tokens":4', '"tokens":4.0'),
  ],
  ["names with escapes", undefined, (text) => text.replaceAll('"passes"', '"p\\u0061sses"')],
  ["blanks and breaks of lines", undefined, (text) => `\n${text.replaceAll(',"', ',\r\n\t"')} `],
];
