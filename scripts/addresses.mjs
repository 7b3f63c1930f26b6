// Where a published package says that its source, its page and its faults are: of package.json's `repository`, once there is one.

/** What sets the one that is missing. */
export const MEND = "npm pkg set repository.type=git repository.url=git+https://HOST/OWNER/graphc.git";

/**
 * @param manifest package.json of the repository
 * @returns repository, homepage and bugs for package.json of a package; nothing of what is not known
 * @throws Error when `repository` is none that a reader can open
 */
export function addressesOf({ repository, homepage, bugs }) {
  if (repository === undefined) return { ...(homepage && { homepage }), ...(bugs && { bugs }) };
  const page = /^git\+(https:\/\/[^/]+\/[^/]+\/[^/]+)\.git$/.exec(repository.url)?.[1];
  if (!page || page.includes("OWNER"))
    throw new Error(`package.json: repository.url is no address like ${MEND.split("=").at(-1)}`);
  return { repository, homepage: homepage ?? `${page}#readme`, bugs: bugs ?? { url: `${page}/issues` } };
}
