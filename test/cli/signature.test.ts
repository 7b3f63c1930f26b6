/** Signatures of evidence by keys that ssh-keygen made for the test. */
import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { signatureFinding as findingOf } from "../../src/cli/gate/signature.ts";
import { evidenceFileIn } from "../../src/evidence/judge/build.ts";
import { graphc, testFolder } from "../support/cli.ts";

/** Fails where it is not installed: a test that is skipped in silence would hold nothing. */
const keygen = (...args: readonly string[]) => execFileSync("ssh-keygen", args, { stdio: "pipe", encoding: "utf8" });

/** Of the file as it lies there. */
const signatureFinding = async (file: string, signers: string) =>
  findingOf(await evidenceFileIn(dirname(file)), signers);

/** A folder with evidence, signed by a key that the file of signers names. */
function signed(namespace = "graphc-evidence") {
  const folder = testFolder();
  const [key, signers, file] = ["key", "signers", "evidence.json"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  keygen("-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", key);
  writeFileSync(signers, `ann ${readFileSync(`${key}.pub`, "utf8")}`);
  writeFileSync(file, '{"format":"graphc-evidence"}');
  keygen("-q", "-Y", "sign", "-f", key, "-n", namespace, file);
  return { folder, key, signers, file };
}

describe("signature", () => {
  test("is told by the signer's name", async () => {
    const { file, signers } = signed();
    expect(await signatureFinding(file, signers)).toEqual({ item: "signature", status: "yes", note: "by ann" });
  });

  test("is a no where the file was changed, somebody else signed, or it was for something else", async () => {
    const changed = signed();
    appendFileSync(changed.file, " ");
    expect(await signatureFinding(changed.file, changed.signers)).toMatchObject({
      status: "no",
      note: expect.stringContaining("it is not what ann signed"),
    });
    const [own, other] = [signed(), signed()];
    expect(await signatureFinding(own.file, other.signers)).toMatchObject({
      status: "no",
      note: expect.stringContaining(`none of ${other.signers} signed it`),
    });
    const mail = signed("email");
    expect(await signatureFinding(mail.file, mail.signers)).toMatchObject({ status: "no" });
    const broken = signed();
    writeFileSync(`${broken.file}.sig`, "yes");
    expect(await signatureFinding(broken.file, broken.signers)).toMatchObject({ status: "no" });
  });

  test("is of the bytes that were read, whatever stands in the file by then", async () => {
    const { folder, file, signers } = signed();
    const read = await evidenceFileIn(folder);
    writeFileSync(file, "forged");
    expect(await findingOf(read, signers)).toMatchObject({ status: "yes" });
    expect(await findingOf(await evidenceFileIn(folder), signers)).toMatchObject({ status: "no" });
    rmSync(file);
    // Signed bytes put back after forged ones were read.
    const forged = { ...read, bytes: Buffer.from("forged") };
    writeFileSync(file, read.bytes!);
    expect(await findingOf(forged, signers)).toMatchObject({ status: "no" });
  });

  test("is missing where there is none, with the command that makes it", async () => {
    const { file, signers } = signed();
    rmSync(`${file}.sig`);
    expect(await signatureFinding(file, signers)).toMatchObject({
      status: "missing",
      note: expect.stringContaining(`ssh-keygen -Y sign -f KEY -n graphc-evidence ${file}`),
    });
    rmSync(file);
    expect(await signatureFinding(file, signers)).toMatchObject({ status: "missing", note: "there is no evidence" });
  });

  test("needs the file of signers, and ssh-keygen", async () => {
    const { folder, file, signers } = signed();
    await expect(signatureFinding(file, join(folder, "nobody"))).rejects.toThrow(
      "the file of allowed signers, does not exist",
    );
    const { PATH } = process.env;
    onTestFinished(() => {
      process.env.PATH = PATH;
    });
    process.env.PATH = folder;
    await expect(signatureFinding(file, signers)).rejects.toThrow(
      "ssh-keygen, which verifies signatures, is not installed",
    );
  });
});

test("gate asks for it where it is told to, before anything is run", async () => {
  const { folder } = signed();
  const outcome = await graphc(["gate", folder, "--signed-by", join(folder, "nobody")]);
  expect(outcome).toMatchObject({
    code: 2,
    err: expect.stringContaining("the file of allowed signers, does not exist"),
  });
});
