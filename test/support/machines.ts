import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Other machines than this one, made of it: argv that starts a command where something is missing
 * or as somebody else. All of it needs root; a machine that cannot be made is null.
 */

/** Where the sandbox looks for bubblewrap. */
const BWRAP_PLACES = ["/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap"];

/** A user id nobody has. */
export const SOMEBODY = 61_234;

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

export function hasBwrap(): boolean {
  return BWRAP_PLACES.some((path) => existsSync(path));
}

/** As a user without a name, groups or capabilities. */
export function asSomebody(): readonly string[] | null {
  const argv = ["setpriv", `--reuid=${SOMEBODY}`, `--regid=${SOMEBODY}`, "--clear-groups"];
  return works([...argv, "--inh-caps=-all"]);
}

/** Without bubblewrap: each place it could lie in holds something that is no program. */
export function withoutBwrap(): readonly string[] | null {
  if (!hasBwrap()) return [];
  const there = BWRAP_PLACES.filter((path) => existsSync(path));
  const hide = there.map((path) => `mount --bind /dev/null ${path}`).join(" && ");
  return works(["unshare", "--mount", "sh", "-c", `${hide} && exec "$@"`, "sh"]);
}

/** With neither bubblewrap nor Landlock: its system calls are answered as an old kernel does. */
export function withoutAnyTier(): { argv: readonly string[]; drop: () => void } | null {
  if (!hasBwrap() || !["x64", "arm64"].includes(process.arch)) return null;
  const folder = mkdtempSync(join(tmpdir(), "nanos-old-kernel-"));
  const drop = (): void => rmSync(folder, { recursive: true, force: true });
  const filter = join(folder, "filter");
  writeFileSync(filter, landlockIsUnknown());
  const hide = BWRAP_PLACES.filter((path) => existsSync(path)).flatMap((path) => [
    "--ro-bind",
    "/dev/null",
    path,
  ]);
  const bwrap = ["bwrap", "--dev-bind", "/", "/", ...hide, "--seccomp", "3", "--"];
  const argv = works([
    "sh",
    "-c",
    'filter=$1; shift; exec "$@" 3<"$filter"',
    "sh",
    filter,
    ...bwrap,
  ]);
  if (argv !== null) return { argv, drop };
  drop();
  return null;
}

/** Without any network, not even to itself. */
export function withoutNetwork(): readonly string[] | null {
  return works(["unshare", "--net"]);
}

/** Gives a folder to somebody, with all that is in it. */
export function give(folder: string): void {
  spawnSync("chown", ["-R", `${SOMEBODY}:${SOMEBODY}`, folder]);
  chownSync(folder, SOMEBODY, SOMEBODY);
  chmodSync(folder, 0o700);
}

/** Whether somebody may read and run the checkout. */
export function isReadable(path: string): boolean {
  const argv = asSomebody();
  return (
    argv !== null && spawnSync(argv[0] ?? "", [...argv.slice(1), "test", "-r", path]).status === 0
  );
}

function works(argv: readonly string[]): readonly string[] | null {
  const [program = "", ...rest] = argv;
  return spawnSync(program, [...rest, "true"], { stdio: "ignore" }).status === 0 ? argv : null;
}

/** A filter of system calls by which Landlock's three do not exist, and all others do. */
function landlockIsUnknown(): Uint8Array {
  const [LOAD, EQUAL, RETURN] = [0x20, 0x15, 0x06];
  const [ALLOW, ENOSYS] = [0x7fff_0000, 0x0005_0000 + 38];
  const code: readonly (readonly [number, number, number, number])[] = [
    [LOAD, 0, 0, 0],
    [EQUAL, 3, 0, 444],
    [EQUAL, 2, 0, 445],
    [EQUAL, 1, 0, 446],
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, ENOSYS],
  ];
  const bytes = Buffer.alloc(code.length * 8);
  code.forEach(([op, yes, no, value], i) => {
    bytes.writeUInt16LE(op, i * 8);
    bytes.writeUInt8(yes, i * 8 + 2);
    bytes.writeUInt8(no, i * 8 + 3);
    bytes.writeUInt32LE(value, i * 8 + 4);
  });
  return bytes;
}
