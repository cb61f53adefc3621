import { existsSync, readFileSync } from "node:fs";
import type { Tier } from "../contracts/isolation.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { Process } from "./sandbox.ts";
import { bwrapProbeArgv } from "./bwrap.ts";
import { runBriefly } from "./process/child.ts";
import { runtimeArgv } from "./runtime.ts";
import { SANDBOX_EXEC, seatbeltProbeArgv } from "./seatbelt/plan.ts";
import { boxUser } from "./user.ts";

/** What this machine can hold a process with. Asked of the machine, not of its version. */
export interface Machine {
  /** Path of a bubblewrap that works here, or null. */
  readonly bwrap: string | null;
  /** Landlock version, 0 where there is none. */
  readonly abi: number;
  /** Whether what only computes may run in WebAssembly. */
  readonly wasm: boolean;
  /** Path of macOS's program that puts a process under a profile, where that holds; or null. */
  readonly seatbelt: string | null;
}

/** Finds out once; costs a short process or two. */
export function lookAtMachine(forbid: readonly Tier[], mostAbi = Infinity): Machine {
  const none: Machine = { bwrap: null, abi: 0, wasm: false, seatbelt: null };
  if (process.platform === "darwin" && !forbid.includes("seatbelt")) {
    return { ...none, seatbelt: findSeatbelt(SANDBOX_EXEC) };
  }
  if (process.platform !== "linux") return none;
  return {
    ...none,
    bwrap: forbid.includes("bwrap") ? null : findBwrap(),
    abi: forbid.includes("landlock") ? 0 : Math.min(mostAbi, findLandlock()),
    wasm: !forbid.includes("wasm"),
  };
}

/** The tiers that hold what is started by us; a container is podman's. */
export type Holding = "bwrap" | "landlock" | "wasm" | "seatbelt";

/**
 * The strongest tier that holds a process, or null. A program that reaches the network through our
 * proxy needs a network of its own, which Landlock cannot give: it knows ports and no addresses. A
 * host has none in any tier, as nanos makes its requests. What only computes is held even where
 * there are no walls: it runs in WebAssembly, in a process that may name nothing. On a Mac nothing
 * ends what a program started and left alone, so there it starts none.
 */
export function strongestTier(
  machine: Machine,
  { kind, net, starts = false }: Process,
): Holding | null {
  if (kind === "container" || (kind !== "program" && net)) return null;
  if (machine.seatbelt !== null) return starts ? null : "seatbelt";
  if (machine.bwrap !== null) return "bwrap";
  if (machine.abi > 0 && !net) return "landlock";
  return machine.wasm && kind === "pure" ? "wasm" : null;
}

/** Why no tier holds it, and what to do about it. */
export function noTier(machine: Machine, { kind, net, starts = false }: Process): Failure {
  const code = "sandbox.no_tier";
  if (kind !== "program" && net) {
    const message = "The host of a tool file has no network of its own.";
    return { code, message, next: "Leave its requests to nanos: ctx.fetch." };
  }
  if (machine.seatbelt !== null && starts) {
    const message =
      "On a Mac nothing ends what a program has started: what starts others is refused.";
    return { code, message, next: ELSEWHERE };
  }
  if (process.platform === "darwin") {
    const message = `The sandbox of macOS (${SANDBOX_EXEC}) is not here, or did not hold what it must.`;
    return { code, message, next: ELSEWHERE };
  }
  if (process.platform !== "linux") {
    return { code, message: `There is no sandbox for ${process.platform}.`, next: ELSEWHERE };
  }
  if (net && machine.abi > 0) {
    return {
      code: "sandbox.no_tier",
      message: "A program that reaches the network is held by bubblewrap only, which is not here.",
      next: `${installBwrap()}, or use a TypeScript tool, whose requests nanos makes.`,
    };
  }
  return {
    code: "sandbox.no_tier",
    message:
      "This machine has neither a working bubblewrap nor Landlock: what reaches anything is refused.",
    next: `${installBwrap()}, or use a kernel with Landlock (Linux 5.13 or later, lsm=landlock).`,
  };
}

const ELSEWHERE =
  "Run nanos on Linux, in a container or a virtual machine; or mark what you would run yourself: nanos grant add SKILL --unconfined";

/** How to get bubblewrap on this system. */
export function installBwrap(): string {
  const family = osRelease();
  if (family.includes("alpine")) return "Install bubblewrap: apk add bubblewrap";
  if (family.includes("arch")) return "Install bubblewrap: pacman -S bubblewrap";
  if (/fedora|rhel|centos/u.test(family)) return "Install bubblewrap: dnf install bubblewrap";
  return "Install bubblewrap: apt install bubblewrap";
}

function osRelease(): string {
  try {
    return (
      readFileSync("/etc/os-release", "utf8")
        .match(/^ID(?:_LIKE)?=.*$/gmu)
        ?.join(" ") ?? ""
    );
  } catch {
    return "";
  }
}

/** Fixed places only: a PATH that a project could have touched must not name our sandbox. */
const BWRAP_PLACES = ["/usr/bin", "/bin", "/usr/local/bin", "/run/current-system/sw/bin"];
const PROBE_MS = 5_000;

function findBwrap(): string | null {
  const user = boxUser();
  for (const folder of BWRAP_PLACES) {
    const path = `${folder}/bwrap`;
    if (!existsSync(path)) continue;
    const keep = user.kind === "own" ? user.keep : null;
    if (runBriefly(bwrapProbeArgv(path, keep), PROBE_MS)?.code === 0) return path;
  }
  return null;
}

/** `wrapper` where our own runtime starts under it and is refused what it must be, or null. */
export function findSeatbelt(wrapper: string): string | null {
  if (!existsSync(wrapper)) return null;
  return runBriefly(seatbeltProbeArgv(wrapper), PROBE_MS)?.code === 0 ? wrapper : null;
}

function findLandlock(): number {
  if (process.versions.bun !== undefined) {
    // Loaded only here, as it needs Bun; by require, as the answer is wanted at once; and by the
    // name it has when compiled, as that is not rewritten.
    const lock = require("./lock.js") as typeof import("./lock.ts");
    return lock.askLandlockAbi();
  }
  const done = runBriefly([...runtimeArgv("box"), "abi"], PROBE_MS);
  return done?.code === 0 ? Number(done.out) : 0;
}
