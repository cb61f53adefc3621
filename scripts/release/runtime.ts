import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { needPackages, ROOT } from "../machine.ts";

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

/**
 * The runtime of a machine as our own lock names it: the one that is here, else from npm, whose
 * answer must be what the lock says.
 *
 * @returns its file, absolute.
 * @throws Error when npm has not got it, or another under that name.
 */
export async function runtimeOf(target: Target): Promise<string> {
  const { runtime, os, cpu } = TARGETS[target];
  const inside = join("node_modules", runtime);
  const here = join(ROOT, inside, "bin/bun");
  if (existsSync(here)) return here;
  const locked = lockIn(ROOT).packages[inside];
  if (locked === undefined) throw new Error(`package-lock.json names no ${runtime}`);
  const folder = join(ROOT, "node_modules/.cache/release", target);
  const flags = ["--force", `--os=${os}`, `--cpu=${cpu}`];
  const missing = await needPackages({ folder, versions: { [runtime]: locked.version }, flags });
  if (missing !== null)
    throw new Error(`${runtime} ${locked.version} could not be had: ${missing}`);
  const came = lockIn(folder).packages[inside]?.integrity;
  if (came !== locked.integrity) {
    throw new Error(`npm gave another ${runtime} than package-lock.json names: ${came ?? "none"}`);
  }
  return join(folder, inside, "bin/bun");
}

function lockIn(folder: string): Lock {
  return JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as Lock;
}
