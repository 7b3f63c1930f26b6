/** Every incident that is known, in the order of its number. */
import type { Incident } from "../incident.ts";
import { around } from "./around.ts";
import { caches } from "./caches.ts";
import { checkpoints } from "./checkpoints.ts";
import { device } from "./device.ts";
import { fixtures } from "./fixtures.ts";
import { layouts } from "./layouts.ts";
import { masks } from "./masks.ts";
import { norms } from "./norms.ts";
import { numbers } from "./numbers.ts";
import { placed } from "./placed.ts";
import { ropes } from "./rope.ts";
import { stored } from "./stored.ts";
import { unseen } from "./unseen.ts";

/** The table. */
export const INCIDENTS: readonly Incident[] = [
  ...layouts,
  ...ropes,
  ...norms,
  ...masks,
  ...caches,
  ...checkpoints,
  ...stored,
  ...placed,
  ...numbers,
  ...fixtures,
  ...device,
  ...around,
  ...unseen,
].sort((a, b) => (a.id < b.id ? -1 : 1));
