import type { Kernel } from "./native.ts";

/** Paths a Landlock domain lets through; everything else under `/` is out of reach. */
export interface Reach {
  readonly reads: readonly string[];
  /** Folders whose names may be listed, here and below, and nothing read. */
  readonly lists?: readonly string[];
  readonly writes: readonly string[];
  /** Files that may be executed, folders whose files may be. Not readable by that alone. */
  readonly execs: readonly string[];
  /** Device files that may be read and written, such as `/dev/null`. */
  readonly devices: readonly string[];
  /** TCP ports it may connect to or listen on; no others, where the kernel mediates them. */
  readonly ports: { readonly connect: readonly number[]; readonly listen: readonly number[] };
}

/** Landlock's version on this kernel, 0 where there is none. */
export function landlockAbi(kernel: Kernel): number {
  return Math.max(0, kernel.try("landlock_create_ruleset", 0, 0, CREATE_RULESET_VERSION));
}

/**
 * Puts the calling thread, and whatever it starts from now on, into a Landlock domain. Other
 * threads of the process stay outside. Needs `no_new_privs`. A path that does not exist is left
 * out: there is nothing to reach.
 *
 * @throws Error when the kernel refuses any part of it.
 */
export function restrict(kernel: Kernel, abi: number, reach: Reach): void {
  const handled = handledRights(abi);
  const ruleset = createRuleset(kernel, abi, handled);
  const allow = (paths: readonly string[], rights: bigint): void => {
    for (const path of paths) allowPath(kernel, ruleset, path, rights & handled);
  };
  allow(reach.reads, READ);
  allow(reach.lists ?? [], FS.readDir);
  allow(reach.writes, READ | WRITE);
  allow(reach.execs, FS.execute | FS.readFile);
  allow(reach.devices, FS.readFile | FS.writeFile | FS.truncate);
  if (abi >= NET_ABI) {
    for (const port of reach.ports.listen) allowPort(kernel, ruleset, port, BIND_TCP);
    for (const port of reach.ports.connect) allowPort(kernel, ruleset, port, CONNECT_TCP);
  }
  kernel.must("landlock_restrict_self", ruleset, 0);
  kernel.must("close", ruleset);
}

function createRuleset(kernel: Kernel, abi: number, handled: bigint): number {
  // Bind and connect of TCP are handled, so that no port is allowed but those named; abstract unix
  // sockets and signals are confined to the domain. Each field exists from the version that brought
  // it.
  const net = BIND_TCP | CONNECT_TCP;
  const scoped = 0b11n;
  const fields = abi >= 6 ? [handled, net, scoped] : abi >= NET_ABI ? [handled, net] : [handled];
  const attributes = new BigUint64Array(fields);
  return kernel.must("landlock_create_ruleset", attributes, attributes.byteLength, 0);
}

function allowPath(kernel: Kernel, ruleset: number, path: string, rights: bigint): void {
  const fd = kernel.openPath(path);
  if (fd === null) return;
  const rule = new DataView(new ArrayBuffer(12));
  rule.setBigUint64(0, rights, true);
  rule.setInt32(8, fd, true);
  const bytes = new Uint8Array(rule.buffer);
  // The kernel refuses a folder's rights on a file, which is how a file is told from a folder.
  if (kernel.try("landlock_add_rule", ruleset, RULE_PATH_BENEATH, bytes, 0) < 0) {
    rule.setBigUint64(0, rights & FILE_RIGHTS, true);
    kernel.must("landlock_add_rule", ruleset, RULE_PATH_BENEATH, bytes, 0);
  }
  kernel.must("close", fd);
}

function allowPort(kernel: Kernel, ruleset: number, port: number, right: bigint): void {
  const rule = new BigUint64Array([right, BigInt(port)]);
  kernel.must("landlock_add_rule", ruleset, RULE_NET_PORT, rule, 0);
}

function handledRights(abi: number): bigint {
  const newest = abi >= 5 ? 15n : abi >= 3 ? 14n : abi >= 2 ? 13n : 12n;
  return (1n << (newest + 1n)) - 1n;
}

const CREATE_RULESET_VERSION = 1;
const RULE_PATH_BENEATH = 1;
const RULE_NET_PORT = 2;
/** The version that brought TCP. */
const NET_ABI = 4;
const BIND_TCP = 1n;
const CONNECT_TCP = 2n;

const FS = {
  execute: 1n << 0n,
  writeFile: 1n << 1n,
  readFile: 1n << 2n,
  readDir: 1n << 3n,
  removeDir: 1n << 4n,
  removeFile: 1n << 5n,
  makeDir: 1n << 7n,
  makeFile: 1n << 8n,
  makeSymlink: 1n << 12n,
  refer: 1n << 13n,
  truncate: 1n << 14n,
  ioctlDevice: 1n << 15n,
} as const;

const READ = FS.readFile | FS.readDir;
const WRITE =
  FS.writeFile |
  FS.removeDir |
  FS.removeFile |
  FS.makeDir |
  FS.makeFile |
  FS.makeSymlink |
  FS.refer |
  FS.truncate;
const FILE_RIGHTS = FS.execute | FS.writeFile | FS.readFile | FS.truncate | FS.ioctlDevice;
