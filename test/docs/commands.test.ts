/** docs/commands.md is the help of every command, as the command line prints it. */
import { expect, test } from "vitest";
import { graphc } from "../support/cli.ts";

const HEAD = `# Every command

Printed by \`graphc COMMAND --help\`; a test writes this page (\`npx vitest run --project short test/docs/commands.test.ts -u\`). [Start](start.md) tells in which order a newcomer needs them.
`;

const fenced = (text: string): string => `\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;

test("docs/commands.md has the help of all", async () => {
  const { out: overview } = await graphc(["--help"]);
  const names = [...overview.matchAll(/^ {2}(\S+) {2,}\S/gm)].map(([, name]) => name!);
  expect(names).toContain("prove");
  const sections: string[] = [];
  for (const name of names) {
    const { code, out } = await graphc([name, "--help"]);
    expect([name, code, out.split("\n")[0]!.startsWith(`graphc ${name} `)]).toEqual([name, 0, true]);
    sections.push(`## ${name}\n\n${fenced(out)}`);
  }
  const page = [HEAD, fenced(overview), ...sections].join("\n");
  await expect(page).toMatchFileSnapshot("../../docs/commands.md");
});
