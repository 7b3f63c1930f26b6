// README.md as npm shows it: what it links to is not in the package, and no public address of the repository is known, so that a link becomes
// the path that it led to, and a picture goes. How the repository is built is told there alone.

/** Behind the first paragraph, where a reader may ask for the pages. */
const WHERE = `The pages that are named here (\`docs/…\`), the device tool (\`tools/…\`), CHANGELOG.md and CONTRIBUTING.md are in the npm package
\`graphc-ane\` of the same version: \`npm install --save-dev graphc-ane\`, then look into \`node_modules/graphc-ane\`.`;

/** @param text README.md @param isThere whether the package has what lies at a relative path @returns the text without links that lead nowhere */
export function npmReadme(text, isThere) {
  const told = text
    .replace(/^## How it is built\n[\s\S]*(?=^MIT licence)/m, "")
    .replaceAll(/^!\[[^\]]*\]\((?![a-z]+:)[^)]*\)\n\n/gm, "")
    .replaceAll(/\[([^\]]*)\]\((?![a-z]+:|#)([^)]*)\)/g, (link, label, to) => (isThere(to) ? link : asPath(label, to)));
  const [title, first, ...rest] = told.split("\n\n");
  return [title, first, WHERE, ...rest].join("\n\n");
}

/** The link's words, and the path where they are not the path themselves. */
const asPath = (label, to) => (label.replaceAll("`", "") === to ? `\`${to}\`` : `${label} (\`${to}\`)`);
