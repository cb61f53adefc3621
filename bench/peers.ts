import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, which } from "../scripts/machine.ts";
import { PACKAGES, PEERS } from "./cases/peers.ts";

const INSTALL_MS = 600_000;

/**
 * Installs a peer's packages, in exactly the versions named, into a folder of its own that git
 * ignores. Returns null when it is there, else why not.
 */
export async function installPeer(peer: string): Promise<string | null> {
  const packages = PACKAGES[peer];
  if (!packages) return `nobody said what ${peer} is made of`;
  const dir = join(PEERS, peer);
  const manifest = JSON.stringify({ name: `peer-${peer}`, private: true, dependencies: packages });
  const done = join(dir, "installed.json");
  if (existsSync(done) && readFileSync(done, "utf8") === manifest) return null;
  const npm = which("npm");
  if (npm === null) return "npm is not installed";
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "package.json"), manifest);
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const ran = await run([npm, "install", "--prefix", dir, ...flags], { cwd: dir, ms: INSTALL_MS });
  if (ran.code !== 0) return `npm install failed: ${ran.text.trim().split("\n", 1)[0] ?? ""}`;
  writeFileSync(done, manifest);
  return null;
}
