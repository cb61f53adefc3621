import { closeSync, openSync, readdirSync, readSync, realpathSync } from "node:fs";
import { basename, delimiter, isAbsolute, join } from "node:path";

/**
 * Where programs and their libraries lie, and the settings without which some refuse to start.
 * Nothing of a user's.
 */
export const SYSTEM_FOLDERS = [
  ...["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"],
  ...["/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives"],
  ...["/etc/localtime", "/etc/ssl/openssl.cnf", "/etc/gitconfig", "/nix/store"],
];

/** Whom a program that speaks TLS believes: public, and nothing of a user's. */
export const CERTIFICATES = [
  ...["/etc/ssl/certs", "/etc/ca-certificates", "/etc/pki", "/usr/share/ca-certificates"],
];

/** Where programs lie in those folders: readable is what may be started, one by one. */
const PROGRAM_FOLDERS = /\/s?bin$|^\/usr\/games$/u;

/**
 * What programs read of the system, without the programs there: to the loader, which starts whatever
 * it can read, a program that may be read is one that may be started.
 */
export function systemReads(): string[] {
  const parts = SYSTEM_FOLDERS.flatMap((path) =>
    path === "/usr" ? childrenOf(path).flatMap(localParts) : [path],
  );
  const found = parts.flatMap((path) => real(path) ?? []);
  return [...new Set(found)].filter((path) => !PROGRAM_FOLDERS.test(path));
}

/** `/usr/local` has the same parts again. */
function localParts(path: string): string[] {
  return path === "/usr/local" ? childrenOf(path) : [path];
}

function childrenOf(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Programs that are many: the folders of their parts. */
const HELPERS: Readonly<Record<string, readonly string[]>> = {
  git: ["/usr/lib/git-core", "/usr/libexec/git-core"],
};

/** Devices that hold nothing and lead nowhere. */
export const DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/**
 * Every file that has to be executable so that `programs` (absolute paths) start: themselves, the
 * interpreter a script names, the loader an ELF file names. Real paths; missing ones are left out.
 */
export function executables(programs: readonly string[], pathVariable: string): string[] {
  return [...startable(programs, pathVariable).files];
}

/** Names by which those are looked for and which lead elsewhere: a program on PATH is often a link. */
export function linksTo(
  programs: readonly string[],
  pathVariable: string,
): ReadonlyMap<string, string> {
  return startable(programs, pathVariable).links;
}

function startable(
  programs: readonly string[],
  pathVariable: string,
): { readonly files: ReadonlySet<string>; readonly links: ReadonlyMap<string, string> } {
  const found = new Set<string>();
  const links = new Map<string, string>();
  const waiting = [...programs];
  // A script's interpreter may be a script again, though never for long.
  for (let i = 0; i < waiting.length && i < 8 * (programs.length + 1); i++) {
    const name = waiting[i] ?? "";
    const file = real(name);
    if (file === null) continue;
    if (file !== name) links.set(name, file);
    if (found.has(file)) continue;
    found.add(file);
    waiting.push(...interpreters(file, pathVariable), ...(HELPERS[basename(file)] ?? []));
  }
  return { files: found, links };
}

/** `path` with every link resolved, or null when there is nothing. */
export function real(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function interpreters(file: string, pathVariable: string): string[] {
  const head = readHead(file);
  if (head.subarray(0, 2).toString("latin1") === "#!") return scriptInterpreter(head, pathVariable);
  return head.subarray(0, 4).toString("latin1") === "\x7fELF" ? elfInterpreter(head) : [];
}

/** `#!/usr/bin/env node` needs env and node. */
function scriptInterpreter(head: Buffer, pathVariable: string): string[] {
  const line = head.toString("utf8").split("\n", 1)[0] ?? "";
  const words = line.slice(2).trim().split(/\s+/u);
  const interpreter = words[0] ?? "";
  if (!isAbsolute(interpreter)) return [];
  if (basename(interpreter) !== "env") return [interpreter];
  const name = words.find((word, i) => i > 0 && !word.startsWith("-") && !word.includes("="));
  const places = pathVariable.split(delimiter).filter((place) => isAbsolute(place));
  return [interpreter, ...places.map((place) => join(place, name ?? ""))];
}

/** The loader a 64-bit little-endian ELF file names in its program headers. */
function elfInterpreter(head: Buffer): string[] {
  const PT_INTERP = 3;
  const table = Number(head.readBigUInt64LE(32));
  const entryBytes = head.readUInt16LE(54);
  const entries = head.readUInt16LE(56);
  for (let i = 0; i < entries; i++) {
    const at = table + i * entryBytes;
    if (at + 56 > head.length) break;
    if (head.readUInt32LE(at) !== PT_INTERP) continue;
    const start = Number(head.readBigUInt64LE(at + 8));
    const bytes = Number(head.readBigUInt64LE(at + 32));
    return [
      head
        .subarray(start, start + bytes)
        .toString("latin1")
        .replace(/\0.*$/su, ""),
    ];
  }
  return [];
}

function readHead(file: string): Buffer {
  const head = Buffer.alloc(4_096);
  try {
    const fd = openSync(file, "r");
    try {
      return head.subarray(0, readSync(fd, head, 0, head.length, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return head.subarray(0, 0);
  }
}
