/** What `emit` needs only for some options, or once the weights are written: loaded as one, for a file each takes longer. */
export { safeSubject } from "../ranges/author/safe.ts";
export { guaranteedBy } from "../ranges/claim.ts";
export { emitRopeTables, writeCertificate } from "./beside.ts";
export { checkOnlyFixtures, checkRecordable, emitFixtures } from "./fixtures.ts";
export { groundOf } from "./ground.ts";
export { writeLines } from "./lines.ts";
export { proofOn } from "./proof.ts";
export { proofsRecord, reportRefuted, safeRecords, tellGround, tellProofs, tellSafe } from "./proof-report.ts";
export { emitDrift, emitGraphDrift } from "./safe.ts";
