import { existsSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../std/error.ts";
import type { Probe } from "./probing/attempts.ts";
import { endedText, PROBE_LIMITS, PROBES } from "./probing/attempts.ts";
import type { Ground } from "./probing/ground.ts";
import { prepareGround } from "./probing/ground.ts";
import type { Ended, ProcessSpec, Sandbox } from "./sandbox.ts";

/** One escape attempt and what came of it. */
export interface ProbeResult {
  /** `read outside`, `kill another process`. */
  readonly name: string;
  readonly held: boolean;
  /** What was seen from outside, one sentence. */
  readonly detail: string;
}

/**
 * Tries to escape from this machine's sandbox, live. Verdicts come from outside: files that must
 * not change, servers that must not be reached, a process that must not be hurt. Takes a few
 * seconds; leaves nothing behind. `only` picks some by name.
 */
export async function probeSandbox(
  sandbox: Sandbox,
  only: (name: string) => boolean = () => true,
): Promise<ProbeResult[]> {
  const tier = sandbox.tier("host", false);
  if (tier === null) {
    return [{ name: "tier", held: false, detail: "No tier of the sandbox works on this machine." }];
  }
  const ground = await prepareGround();
  const results: ProbeResult[] = [];
  try {
    for (const probe of PROBES.filter(({ name }) => only(name)))
      results.push(await runProbe(sandbox, ground, probe));
  } finally {
    await ground.clear();
  }
  return results;
}

async function runProbe(sandbox: Sandbox, ground: Ground, probe: Probe): Promise<ProbeResult> {
  const stage = mkdtempSync(join(ground.folder, "stage-"));
  const staged = join(stage, "root", ground.writable);
  const boxed = await sandbox.start(specOf(ground, probe, stage, staged));
  if ("code" in boxed) {
    // What no tier can hold is not started, which holds it; any other failure proves nothing.
    return { name: probe.name, held: boxed.code === "sandbox.no_tier", detail: boxed.message };
  }
  boxed.endInput();
  const [output, during, ended] = await Promise.all([
    textOf(boxed.stdout),
    probe.during?.(ground, boxed) ?? null,
    boxed.ended,
  ]);
  const through = during ?? probe.verdict(ground, output, ended) ?? notRun(probe, output, ended);
  await boxed.discard();
  return { name: probe.name, held: through === null, detail: through ?? heldText(ended) };
}

/** An attempt that never came to be made proves nothing. */
function notRun(probe: Probe, output: string, ended: Ended): string | null {
  const ran = probe.program || output !== "" || ended.kind !== "exited";
  return ran ? null : "The attempt could not be made.";
}

function specOf(ground: Ground, probe: Probe, stage: string, staged: string): ProcessSpec {
  const args = probe.attempt(ground, staged);
  const programs = probe.program ? ["/bin/sh", "/bin/sleep", "/usr/bin/setsid"] : [];
  return {
    run: probe.program
      ? { kind: "program", argv: args }
      : { kind: "attack", name: args[0] ?? "", args: args.slice(1) },
    cwd: ground.granted,
    stage,
    box: {
      reads: [ground.granted],
      writes: [ground.writable],
      net: { kind: "none" },
      exec: programs.filter((path) => existsSync(path)),
      env: probe.program ? { PATH: "/usr/bin:/bin" } : {},
      limits: { ...PROBE_LIMITS, ...probe.limits },
    },
  };
}

function heldText(ended: Ended): string {
  return ended.kind === "stopped" ? endedText(ended) : "Every attempt was refused.";
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of stream) parts.push(part);
  } catch (error) {
    return messageOf(error);
  }
  return Buffer.concat(parts).toString("utf8");
}
