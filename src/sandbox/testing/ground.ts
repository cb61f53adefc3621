import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tier } from "../../contracts/isolation.ts";
import { systemClock } from "../../std/clock.ts";
import { openSandbox } from "../open.ts";
import type { Box, Boxed, Ended, ProcessSpec, Sandbox } from "../sandbox.ts";

/** A sandbox that has this tier only. */
export function forced(
  tier: "bwrap" | "landlock" | "wasm",
  hidden: readonly string[] = [],
): Sandbox {
  // Landlock also narrows programs inside bwrap, so it stays where bwrap is asked for.
  const without = { bwrap: [], landlock: ["bwrap"], wasm: ["bwrap", "landlock"] } as const;
  const forbid: readonly Tier[] = without[tier];
  return openSandbox({ clock: systemClock, forbid, hidden });
}

/** Runs `work` in a temporary folder that is gone afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "nanos-sandbox-test-")));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const LIMITS_OF_TESTS: Box["limits"] = {
  ms: 20_000,
  memoryBytes: 512 * 1024 ** 2,
  processes: 64,
  cpuSeconds: 20,
  outputBytes: 1024 ** 2,
  stageBytes: 32 * 1024 ** 2,
};

/** What a test says of a process; the rest is closed. */
export interface Want {
  readonly program?: readonly string[];
  readonly attack?: readonly string[];
  readonly host?: string;
  readonly reads?: readonly string[];
  readonly writes?: readonly string[];
  readonly exec?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly limits?: Partial<Box["limits"]>;
  readonly cwd?: string;
  readonly stage?: string;
  readonly input?: string;
  readonly net?: Box["net"];
  readonly beside?: Boxed;
}

export function specOf(want: Want): ProcessSpec {
  const [name = "", ...args] = want.attack ?? [];
  return {
    run: want.program
      ? { kind: "program", argv: want.program }
      : want.host === undefined
        ? { kind: "attack", name, args }
        : { kind: "host", file: want.host },
    cwd: want.cwd ?? "/",
    stage: want.stage ?? null,
    ...(want.beside && { beside: want.beside }),
    box: {
      reads: want.reads ?? [],
      writes: want.writes ?? [],
      net: want.net ?? { kind: "none" },
      exec: want.exec ?? [],
      env: { PATH: "/usr/bin:/bin", ...want.env },
      limits: { ...LIMITS_OF_TESTS, ...want.limits },
    },
  };
}

export interface Ran {
  readonly out: string;
  readonly error: string;
  readonly ended: Ended;
  readonly boxed: Boxed;
}

/** Starts it, gives it its input, and waits until it is gone. @throws when it is not started. */
export async function run(sandbox: Sandbox, want: Want): Promise<Ran> {
  const boxed = await start(sandbox, want);
  if (want.input !== undefined) await boxed.write(want.input);
  boxed.endInput();
  const [out, ended] = await Promise.all([textOf(boxed), boxed.ended]);
  return { out, error: boxed.stderr(), ended, boxed };
}

export async function start(sandbox: Sandbox, want: Want): Promise<Boxed> {
  const boxed = await sandbox.start(specOf(want));
  if ("code" in boxed) throw new Error(`${boxed.code}: ${boxed.message}`);
  return boxed;
}

export async function textOf(boxed: Boxed): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of boxed.stdout) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

/** A workspace with notes in it. */
export function makeNotes(folder: string): string {
  const workspace = join(folder, "workspace");
  mkdirSync(join(workspace, "notes"), { recursive: true });
  return workspace;
}
