/** The names of what `emit` writes beside its packages. */

/** What the name of a manifest of fixtures ends in. */
export const FIXTURES = ".fixtures.json";

/** The names of what stands beside the packages of this name; what speaks of others comes behind them. */
export const namesBeside = (name: string) => ({
  ropeData: `${name}.rope.safetensors`,
  ropeTables: `${name}.rope.json`,
  data: `${name}.fixtures.safetensors`,
  fixtures: `${name}${FIXTURES}`,
});

/** The name of the certificate of a block: of one of several it has the function's name in it. */
export const certificateName = (name: string, block: { readonly function?: string | undefined }): string =>
  [name, ...(block.function === undefined ? [] : [block.function]), "certificate.json"].join(".");

/** The name of the file of lines. */
export const linesName = (name: string): string => `${name}.lines.json`;
