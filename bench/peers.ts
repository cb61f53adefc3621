import { join } from "node:path";
import { needPackages } from "../scripts/machine.ts";
import { PACKAGES, PEERS } from "./cases/peers.ts";

/**
 * Installs a peer's packages, in exactly the versions named, into a folder of its own that git
 * ignores. Returns null when it is there, else why not.
 */
export async function installPeer(peer: string): Promise<string | null> {
  const versions = PACKAGES[peer];
  if (!versions) return `nobody said what ${peer} is made of`;
  return needPackages({ folder: join(PEERS, peer), versions });
}
