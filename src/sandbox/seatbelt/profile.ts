import { dirname } from "node:path";

/** What a process on a Mac may do, as paths and programs: all absolute and real. */
export interface Reach {
  /** Read, with all below. */
  readonly reads: readonly string[];
  /** Read and written, with all below. */
  readonly writes: readonly string[];
  /** Neither, wherever they lie. */
  readonly hidden: readonly string[];
  /** Programs it may become; it starts none beside itself. */
  readonly execs: readonly string[];
  /** The port of this machine it may connect to; null for no socket at all. */
  readonly port: number | null;
}

/**
 * The Seatbelt profile of one process: everything is denied, then what it may is allowed, and the
 * last rule that matches is the one that counts. It looks up no service of the system: neither the
 * keychain nor what opens programs and pages for others. Nothing in it lets a process fork, so that
 * what was started is all there is to end.
 */
export function profileOf({ reads, writes, hidden, execs, port }: Reach): string {
  const above = ancestors([...reads, ...writes, ...execs, ...LIBRARIES]);
  const rules = [
    "(version 1)",
    "(deny default)",
    rule("allow", "process-exec", filters("literal", execs)),
    "(allow process-info* (target self))",
    "(allow signal (target self))",
    rule("allow", "sysctl-read", filters("sysctl-name-prefix", SYSCTLS)),
    rule("allow", "file-read-metadata", filters("literal", above)),
    // The loader opens the root folder: the names in it are every Mac's.
    rule("allow", "file-read-data", filters("literal", ["/"])),
    rule("allow", "file-read* file-map-executable", filters("subpath", LIBRARIES)),
    rule("allow", "file-read* file-map-executable", filters("literal", execs)),
    rule("allow", "file-read* file-write-data file-ioctl", filters("literal", DEVICES)),
    rule("allow", "file-read* file-map-executable", filters("subpath", reads)),
    rule("allow", "file-read* file-write*", filters("subpath", writes)),
    rule("deny", "file-read* file-write* file-map-executable", filters("subpath", hidden)),
    port === null ? "" : `(allow network-outbound (remote ip ${quoted(`localhost:${port}`)}))`,
  ];
  return `${rules.filter((line) => line !== "").join("\n")}\n`;
}

/** A path the profile's language cannot be given: it would end the line it stands on. */
export function isOdd(path: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\u0000-\u001f\u007f]/u.test(path);
}

/** What every program loads, and what those of a package manager load beside it; no programs. */
const LIBRARIES = [
  ...["/usr/lib", "/usr/share", "/System/Library", "/System/Cryptexes", "/Library/Apple/usr/lib"],
  ...["/System/Volumes/Preboot/Cryptexes", "/private/var/db/dyld", "/private/var/db/timezone"],
  ...["/private/etc/ssl", "/private/etc/localtime", "/usr/local/lib", "/usr/local/opt"],
  ...["/usr/local/Cellar", "/opt/homebrew/lib", "/opt/homebrew/opt", "/opt/homebrew/Cellar"],
];

const DEVICES = ["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/dtracehelper"];

/** What this machine is. Not `kern.proc`: by it one process reads the environment of others. */
const SYSCTLS = [
  ...["hw.", "machdep.cpu.", "kern.os", "kern.version", "kern.argmax", "kern.maxfiles"],
  ...["kern.usrstack", "kern.ngroups", "kern.secure_kernel", "kern.hv_", "vm.loadavg"],
  ...["sysctl.proc_cputype", "security.mac.lockdown_mode_state"],
];

function rule(verdict: "allow" | "deny", operations: string, on: readonly string[]): string {
  return on.length === 0 ? "" : `(${verdict} ${operations} ${on.join(" ")})`;
}

function filters(kind: string, values: readonly string[]): string[] {
  return values.map((value) => `(${kind} ${quoted(value)})`);
}

/** A string of the profile's language. */
function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Every folder on the way to these paths: looked up, not listed. */
function ancestors(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths) {
    for (let at = dirname(path); !found.has(at); at = dirname(at)) found.add(at);
  }
  return [...found];
}
