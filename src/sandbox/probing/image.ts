import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findPodman, podmanEnv } from "../container/podman.ts";
import { runBriefly } from "../process/child.ts";
import { runtimeFile } from "../runtime.ts";

/** An image of a few of this machine's own programs, made without any network. */
export interface ProbeImage {
  readonly name: string;
  remove(): void;
}

const PROGRAMS = [
  ...["/bin/sh", "/bin/cat", "/bin/sleep", "/bin/ls", "/bin/cp", "/usr/bin/id"],
  ...["/usr/bin/setsid", "/usr/bin/yes", "/usr/bin/head", "/usr/bin/tail", "/usr/bin/env"],
];
const MS = 60_000;

/** Makes one; null where podman does not work, or the image cannot be made. */
export function makeProbeImage(): ProbeImage | null {
  const podman = findPodman();
  if ("code" in podman) return null;
  const folder = mkdtempSync(join(tmpdir(), "nanos-image-"));
  const run = (...argv: readonly string[]): boolean =>
    runBriefly(argv, MS, { env: podmanEnv() })?.code === 0;
  try {
    const [root, tar] = [join(folder, "root"), join(folder, "root.tar")];
    fill(root);
    const name = `localhost/nanos-probe-${process.pid}:1`;
    const made = run("tar", "-C", root, "-cf", tar, ".") && run(podman.path, "import", tar, name);
    return made ? { name, remove: () => void run(podman.path, "rmi", "--force", name) } : null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fill(root: string): void {
  for (const name of ["proc", "dev", "sys", "tmp", "run", "etc"]) {
    mkdirSync(join(root, name), { recursive: true });
  }
  chmodSync(join(root, "tmp"), 0o1777);
  for (const program of PROGRAMS.filter((path) => existsSync(path))) {
    copy(program, join(root, "bin", program.slice(program.lastIndexOf("/") + 1)));
    for (const library of librariesOf(program)) copy(library, join(root, library));
  }
  // Our runtime is no part of it, but can be given to it.
  for (const library of librariesOf(runtimeFile())) copy(library, join(root, library));
}

function librariesOf(program: string): readonly string[] {
  const { out = "" } = runBriefly(["ldd", program], MS, { env: podmanEnv() }) ?? {};
  return (out.match(/\/\S+/gu) ?? []).filter((path) => existsSync(path));
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(realpathSync(from), to);
}
