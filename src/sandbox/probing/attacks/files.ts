import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Attack, Seen } from "./attack.ts";
import { either, claimed, leaked, touched } from "./attack.ts";

/** Getting at what was not granted, or was granted to be read only. */
export const READS: readonly Attack[] = [
  { name: "read outside", aim: "read", moves: (g) => ["read", g.secret], verdict: leaked },
  {
    name: "read through a link that was there",
    aim: "read",
    moves: (g) => ["read", join(g.granted, "link")],
    verdict: leaked,
  },
  {
    name: "read through a link of its own",
    aim: "read",
    moves: (g) => ["link", g.secret, g.staged],
    verdict: leaked,
  },
  {
    name: "read through a hard link",
    aim: "read",
    moves: (g) => ["hard-link", g.secret, g.staged],
    verdict: either(leaked, touched),
  },
  {
    name: "read through the parent's folders",
    aim: "read",
    moves: (g) => ["read", `${g.granted}/../outside/secret`],
    verdict: leaked,
  },
  {
    name: "read from another working folder",
    aim: "read",
    moves: (g) => ["climb", g.secret],
    verdict: leaked,
  },
  {
    name: "read what was only named",
    aim: "read",
    moves: (g) => ["open-path", g.secret],
    verdict: leaked,
  },
  {
    name: "read through a process's root",
    aim: "read",
    moves: (g) => ["proc-root", g.secret, g.victim.pid, String(process.pid)],
    verdict: leaked,
  },
  {
    name: "read by file handle",
    aim: "read",
    moves: (g) => ["handle", g.secret, g.granted],
    verdict: leaked,
  },
  {
    name: "read by another table of calls",
    aim: "read",
    moves: (g) => ["other-table", g.secret],
    verdict: leaked,
  },
  {
    name: "read a file's attributes",
    aim: "read",
    moves: (g) => ["attribute", g.secret],
    verdict: leaked,
  },
  {
    name: "read the list of accounts",
    aim: "read",
    moves: () => ["read", "/etc/passwd"],
    verdict: ({ output }) => (output.includes("root:") ? "It read /etc/passwd." : null),
  },
  {
    name: "read the user's home",
    aim: "read",
    moves: () => ["read", homedir()],
    verdict: ({ output }) =>
      /^readdirSync: (?!refused)/mu.test(output) ? "It listed the user's home." : null,
  },
  {
    name: "read the disk and the memory",
    aim: "read",
    moves: () => ["devices", ...DEVICES],
    verdict: claimed,
  },
  {
    name: "read what nanos left open",
    aim: "read",
    moves: () => ["descriptors"],
    verdict: ({ output }) => (output.includes(LEFT_OPEN) ? "It read a file we had open." : null),
    boxedOnly: "nothing is left open, unless whoever starts nanos leaves it",
  },
];

/** What a file that is left open on purpose holds. */
export const LEFT_OPEN = "canary-left-open";

const DEVICES = [
  ...["/dev/mem", "/dev/kmsg", "/dev/port", "/proc/kcore", "/proc/kmsg"],
  ...["/dev/vda", "/dev/vda1", "/dev/sda", "/dev/sda1", "/dev/nvme0n1", "/dev/dm-0", "/dev/loop0"],
  ...["/dev/fuse", "/dev/kvm", "/dev/uinput", "/dev/input/event0"],
].filter((path) => existsSync(path));

export const WRITES: readonly Attack[] = [
  {
    name: "write outside",
    aim: "write",
    moves: (g) => ["write", g.secret],
    verdict: touched,
  },
  {
    // Its own lies in memory, which nothing would count.
    name: "write to its own root folder",
    aim: "write",
    moves: () => ["write", "/nanos-root"],
    verdict: claimed,
    boxedOnly: "it would be left in the root folder",
  },
  {
    name: "write what it may read",
    aim: "write",
    moves: (g) => ["write", g.given],
    verdict: touched,
  },
  {
    name: "write past its copy",
    aim: "write",
    moves: (g) => ["write", join(g.writable, "kept")],
    verdict: touched,
  },
  {
    name: "write through links",
    aim: "write",
    moves: (g) => ["link-write", g.secret, g.staged],
    verdict: touched,
  },
  {
    name: "rename over what lies outside",
    aim: "write",
    moves: (g) => ["swap", g.secret, g.staged],
    verdict: touched,
  },
  {
    name: "rename over what it may read",
    aim: "write",
    moves: (g) => ["swap", g.given, g.staged],
    verdict: touched,
  },
  {
    name: "name a file that had no name",
    aim: "write",
    moves: (g) => ["nameless", g.secret, g.staged],
    verdict: touched,
  },
  {
    name: "write through what is open to read",
    aim: "write",
    moves: (g) => ["through-read", g.given],
    verdict: touched,
  },
  {
    name: "make a database outside",
    aim: "write",
    moves: (g) => ["database", join(g.folder, "outside", "made.db")],
    verdict: touched,
  },
  {
    name: "leave something lying about",
    aim: "write",
    moves: (g) => ["litter", `${g.id}-left`, ...PLACES],
    verdict: littered,
    boxedOnly: "it would be left",
  },
  {
    name: "change the machine's settings",
    aim: "write",
    moves: (g) => ["settings", ...SETTINGS, `/proc/${g.victim.pid}/oom_score_adj`],
    verdict: claimed,
    residual: {
      tiers: ["container"],
      says: "A container can make itself the first to be ended where memory is short.",
    },
  },
  {
    name: "leave a link that leads out",
    aim: "write",
    moves: (g) => ["leave-link", g.secret, g.staged],
    apart: true,
    verdict: async (seen) => (await committed(seen, "sandbox.link_outside")) ?? touched(seen),
    boxedOnly: "there is no stage without a box",
  },
  {
    name: "leave a pipe or a device",
    aim: "write",
    moves: (g) => ["leave-pipe", g.staged],
    verdict: either(claimed, touched),
  },
];

const PLACES = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/etc", "/", "/usr/lib", homedir()];

const SETTINGS = [
  "/proc/sys/kernel/core_pattern",
  "/proc/sys/vm/overcommit_memory",
  "/proc/sysrq-trigger",
  "/proc/self/oom_score_adj",
  "/sys/fs/cgroup/cgroup.procs",
  "/sys/kernel/mm/transparent_hugepage/enabled",
];

function littered({ ground }: Seen): string | null {
  const place = PLACES.find((folder) => existsSync(join(folder, `${ground.id}-left`)));
  return place === undefined ? null : `It left something in ${place}.`;
}

/** What is left in the stage is not put in place, and the refusal is the one that is meant. */
async function committed({ boxed, ground }: Seen, code: string): Promise<string | null> {
  const changes = await boxed.changes();
  if ("code" in changes) return changes.code === code ? null : `It was refused: ${changes.code}.`;
  if (changes.length === 0) return null;
  const failure = await boxed.commit(join(ground.folder, "undo"));
  return failure === null ? "It was put in place." : null;
}

export const CHANGES: readonly Attack[] = [
  {
    name: "change modes outside",
    aim: "metadata",
    moves: (g) => ["mode", g.secret],
    verdict: touched,
  },
  {
    name: "change modes of what it may read",
    aim: "metadata",
    moves: (g) => ["mode", g.given],
    verdict: touched,
  },
  {
    name: "change owners outside",
    aim: "metadata",
    moves: (g) => ["owner", g.secret, String(process.getuid?.() ?? 0)],
    verdict: touched,
  },
  {
    name: "change times outside",
    aim: "metadata",
    moves: (g) => ["times", g.secret],
    verdict: touched,
  },
  {
    name: "change times of what it may read",
    aim: "metadata",
    moves: (g) => ["times", g.given],
    verdict: touched,
  },
  {
    name: "change attributes outside",
    aim: "metadata",
    moves: (g) => ["attributes", g.secret],
    verdict: touched,
  },
  {
    name: "change attributes of what it may read",
    aim: "metadata",
    moves: (g) => ["attributes", g.given],
    verdict: touched,
  },
  {
    name: "change flags of what it may read",
    aim: "metadata",
    moves: (g) => ["flags", g.given],
    verdict: touched,
  },
  {
    name: "make others wait to open a file",
    aim: "metadata",
    moves: (g) => ["lease", g.given],
    verdict: claimed,
    residual: {
      tiers: ["container"],
      says: "Whoever writes what a container reads may wait for it, less than a minute.",
    },
  },
];

export const LOOKS: readonly Attack[] = [
  {
    name: "see whether a file is there",
    aim: "look",
    moves: (g) => ["look", g.secret],
    verdict: claimed,
    residual: {
      tiers: ["landlock"],
      says: "Of files outside: whether one is there, its size and times.",
    },
  },
  {
    name: "see where a link leads",
    aim: "look",
    moves: (g) => ["look-link", g.way],
    verdict: leaked,
    residual: {
      tiers: ["landlock"],
      says: "Of links outside: where one leads.",
    },
  },
  {
    name: "hold an advisory lock",
    aim: "look",
    moves: (g) => ["lock", g.given],
    verdict: claimed,
    residual: {
      tiers: ["bwrap", "landlock", "container"],
      says: "Advisory locks on what it may read, until its call ends.",
    },
  },
];
