/** Reads the manifest of a fixture folder (src/evidence/fixtures.ts writes it). */
import { join } from "node:path";
import { UserError } from "../../dsl/user-error.ts";
import { strictJsonOf } from "../../files/json.ts";
import { fields, hasShape, shaped } from "../../files/json-shape.ts";
import { namesIn, readRegular } from "../../files/regular.ts";
import { digestFile } from "../digests.ts";
import { inconsistencyOf } from "./fixtures-consistent.ts";
import {
  FIXTURES,
  FIXTURES_FORMAT,
  FIXTURES_HEADER,
  FIXTURES_VERSION,
  type FixtureManifest,
} from "./fixtures-shape.ts";

/** A fixture folder as it was found. */
export interface Fixtures {
  readonly manifest: FixtureManifest;
  /** Digest of the manifest file: it names packages, data and certificate by their digests, so it stands for them all. */
  readonly sha256: string;
}

/**
 * The one fixture set of a folder, with its data file checked.
 * @throws UserError when there is none or several, or its files are not what they were when they were written.
 */
export async function readFixtures(folder: string): Promise<Fixtures> {
  const manifests = (await namesIn(folder)).filter((name) => name.endsWith(".fixtures.json"));
  const [name] = manifests;
  if (name === undefined || manifests.length > 1)
    throw new UserError(
      `${folder} must hold one .fixtures.json and holds ${manifests.length}`,
      "see graphc emit --fixtures",
    );
  const path = join(folder, name);
  const json = strictJsonOf(await readRegular(path), path);
  if (!hasShape(json, fields(FIXTURES_HEADER)))
    throw new UserError(
      `${path} is not a ${FIXTURES_FORMAT} file of version ${FIXTURES_VERSION}`,
      "write it again with graphc emit --fixtures",
    );
  const manifest = shaped(json, FIXTURES, (problem) => new UserError(`${path} is not a fixture manifest: ${problem}`));
  const broken = inconsistencyOf(manifest);
  if (broken !== undefined) throw new UserError(`${path}: ${broken}`, "write it again with graphc emit --fixtures");
  if ((await digestFile(join(folder, manifest.data.file))) !== manifest.data.sha256)
    throw new UserError(`${manifest.data.file} is not the file that ${name} was written with`);
  return { manifest, sha256: await digestFile(path) };
}
