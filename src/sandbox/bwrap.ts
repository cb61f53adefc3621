import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { SYSTEM_FOLDERS } from "./programs.ts";

/** What is in view inside the namespaces. All paths real, at the same place inside. */
export interface View {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Links that lead to something in view, by path. */
  readonly links: ReadonlyMap<string, string>;
  /** Folders in view of which nothing is seen. */
  readonly hidden: readonly string[];
  /** Working folder; an empty one where it is not in view. */
  readonly cwd: string;
  /** Whether the system's programs and libraries are in view, or only our runtime's libraries. */
  readonly system: boolean;
  /** As root: the one capability the process keeps, by number, once it has changed its user. */
  readonly keep: number | null;
  /** The socket of our proxy, which lies at `PROXY_SOCKET` inside; null for no network at all. */
  readonly socket: string | null;
  /** A `/tmp` of its own, in memory, of this many bytes; 0 for none. */
  readonly tmpBytes: number;
}

/** Where a box that reaches the network finds the one way out of it. */
export const PROXY_SOCKET = "/run/nanos.sock";

/**
 * The argv of bubblewrap around `inner`: every namespace of its own, no capabilities, a root in
 * memory that holds the view and nothing else, dead when we are. The system call filter is read
 * from descriptor 3. bwrap itself must be started with the inner environment: its own stays
 * readable inside, at /proc/1/environ.
 */
export function bwrapArgv(bwrap: string, view: View, inner: readonly string[]): string[] {
  const argv = [bwrap, ...walls(view.keep), "--seccomp", "3", "--proc", "/proc", "--dev", "/dev"];
  argv.push(...ownTmpfs("/dev/shm", 1_048_576));
  if (view.tmpBytes > 0) argv.push(...ownTmpfs("/tmp", view.tmpBytes));
  argv.push("--dir", view.cwd);
  argv.push(...(view.system ? systemFolders() : libraries()));
  // Shorter paths first, so that a writable folder inside a readable one ends up writable.
  const binds = [
    ...view.reads.map((path) => ({ flag: "--ro-bind", path })),
    ...view.writes.map((path) => ({ flag: "--bind", path })),
  ].toSorted((a, b) => a.path.length - b.path.length);
  for (const { flag, path } of binds) argv.push(flag, path, path);
  for (const [path, to] of view.links) argv.push("--symlink", to, path);
  for (const path of view.hidden) argv.push("--size", "4096", "--tmpfs", path);
  if (view.socket !== null) argv.push("--ro-bind", view.socket, PROXY_SOCKET);
  argv.push("--remount-ro", "/", "--chdir", "/", "--", ...inner);
  return argv;
}

/** In memory, for whichever user the process becomes. */
function ownTmpfs(path: string, bytes: number): string[] {
  return ["--perms", "1777", "--size", String(bytes), "--tmpfs", path];
}

/** Whether the same walls stand on this machine: an ordinary user's need user namespaces. */
export function bwrapProbeArgv(bwrap: string, keep: number | null): string[] {
  const view = ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"];
  return [bwrap, ...walls(keep), ...view, "--", "/bin/true"];
}

/**
 * Root's walls need no user namespace, and could not have one: in it root stays root, whose
 * processes the kernel does not count. It gets what it takes to become a user of its own instead.
 */
function walls(keep: number | null): string[] {
  const common = ["--die-with-parent", "--new-session", "--hostname", "nanos", "--cap-drop", "ALL"];
  if (keep === null) {
    return [...common, "--unshare-all", "--unshare-user", "--disable-userns"];
  }
  const spaces = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"];
  const needed = ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", CAPABILITY_NAMES[keep] ?? ""];
  return [
    ...[...common, ...spaces, "--unshare-cgroup-try"],
    ...needed.flatMap((name) => ["--cap-add", name]),
  ];
}

const CAPABILITY_NAMES: Readonly<Record<number, string>> = {
  1: "CAP_DAC_OVERRIDE",
  2: "CAP_DAC_READ_SEARCH",
};

/** `/usr` and what lies beside it; where `/lib` is a link into `/usr`, it is one inside too. */
function systemFolders(): string[] {
  return SYSTEM_FOLDERS.flatMap((path) => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return [];
    if (stat.isSymbolicLink()) return ["--symlink", readlinkSync(path), path];
    return ["--ro-bind", path, path];
  });
}

/** The C library and its loader, file by file: our runtime needs no other. */
function libraries(): string[] {
  const triple = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  const loader = process.arch === "arm64" ? "ld-linux-aarch64.so.1" : "ld-linux-x86-64.so.2";
  const folders = [`/lib/${triple}`, "/lib64", "/lib", `/usr/lib/${triple}`, "/usr/lib64"];
  const names = ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"];
  const files = names.flatMap((name) => folders.map((folder) => `${folder}/${name}`));
  const musl = `ld-musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`;
  const all = [...files, `/lib64/${loader}`, `/lib/${loader}`, `/lib/${musl}`];
  return all.filter((file) => existsSync(file)).flatMap((file) => ["--ro-bind", file, file]);
}
