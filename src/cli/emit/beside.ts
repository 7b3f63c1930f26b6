/** What `emit` writes beside the packages: the proof's certificate and the fixtures for the device tool. */
import { join } from "node:path";
import { writeRopeTables } from "../../evidence/rope-tables.ts";
import { writeWhole } from "../../files/whole.ts";
import { certificate } from "../../passes/prove/report/certificate.ts";
import { requestedSize } from "../options/size-options.ts";
import { heldRecord } from "../ranges/author/safe-text.ts";
import { rangesClaim } from "../ranges/claim.ts";
import { certifiedEquality, safeRecord } from "../ranges/safe-text.ts";
import { TOOL_VERSION } from "../terminal/version.ts";
import { certificateName, namesBeside } from "./names.ts";
import type { EmitJob } from "./packages.ts";
import type { ProofOnBytes } from "./proof.ts";
import { sidesOf } from "./safe.ts";

/** Writes the certificate beside the staged packages. @throws UserError when it cannot be written */
export async function writeCertificate(
  { subject, planned, guaranteed, ground }: EmitJob,
  staging: string,
  proof: ProofOnBytes,
) {
  const { verdict, block, step, equality } = proof;
  const { safe, safeGraph, ropeList } = subject;
  const chosen = safe ? safeRecord(safe) : safeGraph && heldRecord(safeGraph);
  const engineSafe = chosen && equality && { ...chosen, equality: certifiedEquality(equality, sidesOf(subject)) };
  const record = {
    ...certificate(verdict, { block, step }, TOOL_VERSION, ropeList),
    ...(guaranteed ? { ranges: rangesClaim(guaranteed, verdict) } : {}),
    ...(ground ? { ground } : {}),
    ...(engineSafe ? { engineSafe } : {}),
  };
  const text = `${JSON.stringify(record, null, 2)}\n`;
  const path = join(staging, certificateName(planned.name, proof));
  await writeWhole(path, async (handle) => void (await handle.writeFile(text)));
}

/** Writes LongRoPE's tables beside the staged packages, for a model that has them. @throws UserError when that is refused */
export async function emitRopeTables({ subject, planned, args }: EmitJob, staging: string): Promise<void> {
  const { config, ropeList } = subject;
  const { name } = planned;
  if (!ropeList || config?.rope.type !== "longrope") return;
  const { ropeData, ropeTables } = namesBeside(name);
  await writeRopeTables({
    name,
    decoder: { ...config, rope: config.rope },
    maxSeq: requestedSize(args).maxSeq,
    assumed: ropeList,
    paths: { data: join(staging, ropeData), tables: join(staging, ropeTables) },
  });
}
