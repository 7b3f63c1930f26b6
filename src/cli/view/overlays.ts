/** What is known of a pair, as layers over its picture. */

import { withHost } from "../../api/open-graphs.ts";
import type { Overlay } from "../../view/data.ts";
import { tokensOverlay } from "../../view/overlays/tokens.ts";
import type { Args } from "../command.ts";
import type { Io } from "../io.ts";
import type { OpenPair } from "../pair.ts";

/** In the order of the switches. */
export async function overlaysOf(pair: OpenPair, _args: Args, io: Io): Promise<readonly Overlay[]> {
  return [await tokensOverlay(withHost(pair), io)];
}
