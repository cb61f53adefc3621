import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import { findPodman, podmanEnv } from "../container/podman.ts";
import { openSandbox } from "../open.ts";
import { runtimeFile } from "../runtime.ts";

/** True where containers work; says how to get them where they do not. */
export const CONTAINERS: boolean = (() => {
  const works = openSandbox({ clock: systemClock }).tier("container", false) !== null;
  if (!works) console.log("not available: podman (apt-get install podman runc)");
  return works;
})();

const PROGRAMS = [
  "/bin/sh",
  "/bin/cat",
  "/bin/sleep",
  "/bin/ls",
  "/usr/bin/id",
  "/usr/bin/setsid",
  "/usr/bin/yes",
  "/usr/bin/head",
  "/usr/bin/tail",
  "/usr/bin/env",
  "/bin/cp",
];

/** An image made of programs of this machine, without any network. */
export interface Image {
  readonly name: string;
  /** What podman says, for a look from outside. */
  podman(...args: readonly string[]): string;
  remove(): void;
}

export function makeImage(): Image {
  const found = findPodman();
  if ("code" in found) throw new Error(found.message);
  const podman = (...args: readonly string[]): string => {
    const done = Bun.spawnSync([found.path, ...args], { env: podmanEnv(), cwd: "/" });
    if (done.exitCode !== 0) throw new Error(`podman ${args.join(" ")}: ${done.stderr.toString()}`);
    return done.stdout.toString().trim();
  };
  const folder = mkdtempSync(join(tmpdir(), "nanos-image-"));
  const root = join(folder, "root");
  for (const name of ["proc", "dev", "sys", "tmp", "run", "etc"])
    mkdirSync(join(root, name), { recursive: true });
  for (const program of PROGRAMS) {
    copy(program, join(root, "bin", program.slice(program.lastIndexOf("/") + 1)));
    for (const library of librariesOf(program)) copy(library, join(root, library));
  }
  // Our runtime is no part of it, but can be given to it.
  for (const library of librariesOf(runtimeFile())) copy(library, join(root, library));
  const tar = join(folder, "root.tar");
  Bun.spawnSync(["tar", "-C", root, "-cf", tar, "."]);
  const name = `localhost/nanos-test-${process.pid}:1`;
  podman("import", tar, name);
  rmSync(folder, { recursive: true });
  return { name, podman, remove: () => void podman("rmi", "--force", name) };
}

function librariesOf(program: string): readonly string[] {
  return Bun.spawnSync(["ldd", program]).stdout.toString().match(/\/\S+/gu) ?? [];
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(realpathSync(from), to);
}
