/** Verifies the signature of an evidence.json by ssh-keygen (`-Y verify`, OpenSSH 8.2 or later) and the user's own file of allowed signers. */
import { spawn } from "node:child_process";
import { UserError } from "../../dsl/user-error.ts";
import type { EvidenceFile } from "../../evidence/judge/build.ts";
import { type GateFinding, missing, no, yes } from "../../evidence/judge/gate-finding.ts";
import { codeOf, reasonOf } from "../../files/files.ts";
import { statOf } from "../../files/regular.ts";

/** What the signature is for: one that was made for anything else does not count. */
const NAMESPACE = "graphc-evidence";
const ITEM = "signature";

/**
 * Whether `FILE.sig` is a signature of these bytes by one of the allowed signers (ssh-keygen(1), ALLOWED SIGNERS). The file itself is not read
 * again, for it may be another by now.
 * @throws UserError where ssh-keygen is not there or a file cannot be read
 */
export async function signatureFinding({ path, bytes }: EvidenceFile, signers: string): Promise<GateFinding> {
  const signature = `${path}.sig`;
  if (!(await statOf(signers))) throw new UserError(`${signers}, the file of allowed signers, does not exist`);
  if (!bytes) return missing(ITEM, "there is no evidence");
  if (!(await statOf(signature)))
    return missing(ITEM, `${signature} is not there; ssh-keygen -Y sign -f KEY -n ${NAMESPACE} ${path} writes it`);
  const found = await keygen(["find-principals", "-s", signature, "-f", signers]);
  const [signer] = found.out.split("\n");
  if (found.code !== 0 || !signer) return no(ITEM, `none of ${signers} signed it: ${told(found)}`);
  const verified = await keygen(["verify", "-f", signers, "-I", signer, "-n", NAMESPACE, "-s", signature], bytes);
  return verified.code === 0
    ? yes(ITEM, `by ${signer}`)
    : no(ITEM, `it is not what ${signer} signed: ${told(verified)}`);
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const told = ({ out, err, code }: Ran): string =>
  (err || out || `ssh-keygen ended with ${code}`).trim().split("\n")[0]!;

function keygen(args: readonly string[], input: Uint8Array = new Uint8Array()): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn("ssh-keygen", ["-Y", ...args], { stdio: ["pipe", "pipe", "pipe"] });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (piece: Buffer) => out.push(piece));
    child.stderr.on("data", (piece: Buffer) => err.push(piece));
    child.on("error", (error) => reject(notStarted(error)));
    child.on("close", (code) =>
      resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }),
    );
    // It may end before it has read everything, and then says why by itself.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

function notStarted(error: Error): Error {
  if (codeOf(error) === "ENOENT")
    return new UserError(
      "ssh-keygen, which verifies signatures, is not installed",
      "install OpenSSH, or leave out --signed-by",
    );
  return new UserError(`ssh-keygen cannot be started: ${reasonOf(error) ?? error.message}`);
}
