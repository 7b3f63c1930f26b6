/** docs/ops.md, printed from the op table. test/dsl/ops/doc.test.ts holds the file to it. */
import type { AttrSpec } from "../src/dsl/attr.ts";
import type { Op, OperandSpec } from "../src/dsl/op-spec.ts";
import { opTable } from "../src/dsl/ops/index.ts";

const INTRODUCTION = `# The ops

Printed from the declarations in \`src/dsl/ops\` by \`npx vitest run test/dsl/ops/doc.test.ts -u\`; a test fails when this file
differs from them. The names are those of the Core ML MIL op set (CoreML8, iOS 18).

An op is called with its required operands in order, then one object that holds the optional operands and the
attributes: \`conv(x, weight, { bias, strides: [2, 2] })\`. Where it takes a tensor it also takes a number or a list of
numbers. An operand marked *constant* must be known at compile time; an attribute always is. An axis may be counted from
the end.

Inside an op the arithmetic is fp32, and the result is rounded once to its dtype. An op marked *exact* only moves or
chooses elements and rounds nothing.
`;

/** The whole page. */
export function opsDoc(): string {
  return [INTRODUCTION, ...[...opTable.values()].map(section)].join("\n");
}

function section({ opName, spec }: Op): string {
  const rows = [
    ...Object.entries(spec.operands).map(([key, rule]) => operandRow(key, rule)),
    ...Object.entries(spec.attrs).map(([key, rule]) => attrRow(key, rule)),
  ];
  const exact = spec.rounds === false ? " *Exact.*" : "";
  const table = ["| name | kind | type | default |", "|---|---|---|---|", ...rows];
  return [`## ${opName}\n`, `${spec.doc}.${exact}\n`, ...table, ""].join("\n");
}

function operandRow(key: string, { dtypes, like, list, constant, optional }: OperandSpec): string {
  const kind = `${constant ? "constant " : ""}operand${list ? ", a list" : ""}`;
  const type = like === undefined ? dtypes.join(", ") : `as ${like}`;
  return `| \`${key}\` | ${kind} | ${type} | ${optional ? "absent" : ""} |`;
}

function attrRow(key: string, { kind, oneOf, says, default: fallback }: AttrSpec): string {
  const type = oneOf ? oneOf.join(", ") : kind;
  const given = says ?? (fallback === undefined ? "" : `\`${fallback}\``);
  return `| \`${key}\` | attribute | ${type} | ${given} |`;
}
