import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { needPackages, type Packages, ROOT } from "../machine.ts";

/** The machines there is a binary for, each with the package that has its runtime. */
export const TARGETS = {
  "linux-x64": { runtime: "@oven/bun-linux-x64", os: "linux", cpu: "x64" },
  "linux-arm64": { runtime: "@oven/bun-linux-aarch64", os: "linux", cpu: "arm64" },
  "darwin-arm64": { runtime: "@oven/bun-darwin-aarch64", os: "darwin", cpu: "arm64" },
} as const;

export type Target = keyof typeof TARGETS;

/** Machines there is none for, and why. */
const NOT_MADE: Readonly<Record<string, string>> = {
  "darwin-x64":
    "Its signature does not survive being built elsewhere: build it on a Mac with " +
    "`npm run build`, then `codesign --force --sign - dist/nanos`.",
};

/** @throws Error with why there is no binary for that machine, and for which there are. */
export function targetOf(name: string): Target {
  if (Object.hasOwn(TARGETS, name)) return name as Target;
  throw new Error(
    `no binary is made for ${name}. ${NOT_MADE[name] ?? `There are: ${Object.keys(TARGETS).join(", ")}.`}`,
  );
}

interface Lock {
  readonly packages: Readonly<Record<string, { version: string; integrity: string } | undefined>>;
}

/** The runtime of another machine in the version our own lock names, as npm has it. */
export function runtimeFor(target: Target): Packages {
  const { runtime, os, cpu } = TARGETS[target];
  const version = lockIn(ROOT).packages[join("node_modules", runtime)]?.version;
  if (version === undefined) throw new Error(`package-lock.json names no ${runtime}`);
  return {
    folder: join(ROOT, "node_modules/.cache/release", target),
    versions: { [runtime]: version },
    flags: ["--force", `--os=${os}`, `--cpu=${cpu}`],
  };
}

/**
 * The runtime of a machine as our own lock names it: for this one the one that is here, for another
 * from npm, whose answer must be what the lock says.
 *
 * @returns its file, absolute.
 * @throws Error when npm has not got it, or another under that name.
 */
export async function runtimeOf(target: Target): Promise<string> {
  const { runtime, os, cpu } = TARGETS[target];
  // Where it was installed from, its package has moved it there.
  const own = join(ROOT, "node_modules/bun/bin/bun.exe");
  if (os === process.platform && cpu === process.arch && existsSync(own)) return own;
  const packages = runtimeFor(target);
  const missing = await needPackages(packages);
  if (missing !== null) throw new Error(`${runtime} could not be had: ${missing}`);
  const inside = join("node_modules", runtime);
  const [came, locked] = [packages.folder, ROOT].map(
    (folder) => lockIn(folder).packages[inside]?.integrity,
  );
  if (came !== locked) {
    throw new Error(`npm gave another ${runtime} than package-lock.json names: ${came ?? "none"}`);
  }
  return join(packages.folder, inside, "bin/bun");
}

function lockIn(folder: string): Lock {
  return JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as Lock;
}
