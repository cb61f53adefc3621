import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Tier } from "../contracts/isolation.ts";
import { messageOf } from "../std/error.ts";
import { systemClock } from "../std/clock.ts";
import { ATTACKS } from "./probing/attacks/list.ts";
import type { Attack, Kind, Seen } from "./probing/attacks/attack.ts";
import { endedText } from "./probing/attacks/attack.ts";
import type { Ground } from "./probing/ground.ts";
import { prepareGround } from "./probing/ground.ts";
import { runtimeArgv } from "./runtime.ts";
import type { Box, Boxed, Ended, ProcessSpec, Sandbox } from "./sandbox.ts";

/** One attack of one kind of process, and what came of it. */
export interface ProbeResult {
  /** `read outside`, `kill another process`. */
  readonly name: string;
  readonly kind: Kind;
  readonly tier: Tier;
  readonly held: boolean;
  /** What was seen from outside, one sentence. */
  readonly detail: string;
  /** Set where this tier is known not to hold it: what that comes to, one sentence. */
  readonly residual: string | null;
}

/**
 * Tries to escape from this machine's sandbox, live, as a tool and as a program. Verdicts come from
 * outside: files that must not change, servers that must not be reached, a process that must not be
 * hurt. Takes some seconds; leaves nothing behind and harms nothing. `only` picks some by name.
 */
export async function probeSandbox(
  sandbox: Sandbox,
  only: (name: string, kind: Kind) => boolean = () => true,
): Promise<ProbeResult[]> {
  const wanted = ATTACKS.flatMap((attack) =>
    (attack.kinds ?? KINDS).flatMap((kind) => {
      const tier = sandbox.tier(kind, false);
      const made = tier !== null && (kind !== "pure" || tier === "wasm") && only(attack.name, kind);
      return made ? [{ attack, kind, tier }] : [];
    }),
  );
  const results = new Map<Tried, ProbeResult>();
  const runAll = async (waiting: Tried[]): Promise<void> => {
    for (let tried = waiting.shift(); tried !== undefined; tried = waiting.shift()) {
      results.set(tried, await probe(sandbox, tried));
    }
  };
  const together = wanted.filter(({ attack }) => !attack.alone);
  await Promise.all(Array.from({ length: AT_ONCE }, () => runAll(together)));
  await runAll(wanted.filter(({ attack }) => attack.alone));
  return wanted.flatMap((tried) => results.get(tried) ?? []);
}

const KINDS: readonly Kind[] = ["host", "program"];
/** Most of an attack is waiting for what comes of it. */
const AT_ONCE = 6;

interface Tried {
  readonly attack: Attack;
  readonly kind: Kind;
  readonly tier: Tier;
}

/** What each may use, unless it says otherwise. */
const LIMITS_OF_PROBES: Box["limits"] = {
  ms: 15_000,
  memoryBytes: 512 * 1024 ** 2,
  processes: 64,
  cpuSeconds: 20,
  outputBytes: 1024 ** 2,
  stageBytes: 64 * 1024 ** 2,
};

/** What programs may start. */
const PROGRAMS = ["/bin/sh", "/bin/sleep", "/usr/bin/setsid"];

async function probe(sandbox: Sandbox, { attack, kind, tier }: Tried): Promise<ProbeResult> {
  const ground = await prepareGround();
  const common = { name: attack.name, kind, tier };
  try {
    const boxed = await sandbox.start(specOf(ground, attack, kind));
    if ("code" in boxed) return { ...common, held: false, detail: boxed.message, residual: null };
    const through = await judged(ground, attack, kind, boxed);
    const residual = attack.residual?.tiers.includes(tier) ? attack.residual.says : null;
    return {
      ...common,
      held: through === null,
      detail: through ?? heldText(await boxed.ended),
      residual,
    };
  } finally {
    await ground.clear();
  }
}

/** A sentence when it got through; null when it was held. */
async function judged(
  ground: Ground,
  attack: Attack,
  kind: Kind,
  boxed: Boxed,
): Promise<string | null> {
  if (attack.source === undefined) boxed.endInput();
  else await say(boxed, PING);
  const [output, during, ended] = await Promise.all([
    attack.source === undefined ? textOf(boxed) : spokenWith(boxed, attack),
    whileRunning(boxed, () => attack.during?.(ground, boxed) ?? null),
    boxed.ended,
  ]);
  const seen: Seen = { ground, kind, output, ended, boxed };
  const through = during ?? (await attack.verdict(seen)) ?? notMade(attack, seen);
  await boxed.discard();
  return through;
}

/** An attempt that never came to be made proves nothing. A tool speaks at its end, or in its log. */
function notMade(attack: Attack, { output, ended, boxed }: Seen): string | null {
  if (attack.script !== undefined || output !== "") return null;
  if (attack.source === undefined && ended.kind !== "exited") return null;
  // A tool that floods its log has pushed out what it said first.
  if (/refused so far|^x+\n/u.test(boxed.stderr())) return null;
  return `The attempt could not be made: ${boxed.stderr().slice(0, 200)}`;
}

function specOf(ground: Ground, attack: Attack, kind: Kind): ProcessSpec {
  const program = kind === "program";
  const pure = kind === "pure";
  // Loading a tool takes what it takes: its own time begins with the call.
  const { ms } = pure ? LIMITS_OF_PROBES : limitsOf(attack);
  return {
    run: runOf(ground, attack, kind),
    cwd: pure ? "/" : ground.granted,
    stage: pure ? null : ground.stage,
    box: {
      reads: pure ? [ground.toolFolder] : [ground.granted],
      writes: pure ? [] : [ground.writable],
      net: { kind: "none" },
      exec: program ? PROGRAMS.filter((path) => existsSync(path)) : [],
      env: program ? { PATH: "/usr/bin:/bin" } : {},
      limits: { ...limitsOf(attack), ms },
    },
  };
}

function limitsOf({ limits }: Attack): Box["limits"] {
  return { ...LIMITS_OF_PROBES, ...limits };
}

function runOf(ground: Ground, attack: Attack, kind: Kind): ProcessSpec["run"] {
  const { moves, script, source } = attack;
  if (source) {
    const file = join(ground.toolFolder, "attack.ts");
    writeFileSync(file, source(ground));
    return { kind: "host", file, pure: true };
  }
  if (script) return { kind: "program", argv: ["/bin/sh", "-c", script(ground)] };
  const [name = "", ...args] = moves?.(ground, kind) ?? [];
  // As a program: the same moves, made by one that nanos knows nothing about.
  if (kind === "host") return { kind: "attack", name, args };
  return { kind: "program", argv: [...runtimeArgv("box"), "program-attack", name, ...args] };
}

/** A tool is called once it is loaded; everything else just runs. */
const PING = '{"jsonrpc":"2.0","id":"loaded","method":"ping"}';
const PONG = '{"jsonrpc":"2.0","id":"loaded","result":{}}\n';
const CALL = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "attack", arguments: {} },
});

/** What is gone by then says so by how it ended. */
async function say(boxed: Boxed, line: string): Promise<void> {
  await boxed.write(`${line}\n`).catch(() => undefined);
}

function heldText(ended: Ended): string {
  return ended.kind === "stopped" ? endedText(ended) : "Every attempt was refused.";
}

/** Looks every 20 ms; the first sentence ends it. */
async function whileRunning(boxed: Boxed, look: () => string | null): Promise<string | null> {
  let over = false;
  void boxed.ended.then(() => (over = true));
  while (!over) {
    const seen = look();
    if (seen !== null) return seen;
    await systemClock.sleep(20);
  }
  return null;
}

/** All it prints. */
async function textOf(boxed: Boxed, heard = (text: string): string => text): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const part of boxed.stdout)
      text = heard(text + decoder.decode(part, { stream: true }));
  } catch (error) {
    return messageOf(error);
  }
  return text;
}

/** All a tool prints, that it is loaded aside. It has nothing more to do once it has answered. */
function spokenWith(boxed: Boxed, attack: Attack): Promise<string> {
  let called = false;
  return textOf(boxed, (text) => {
    if (called && text.includes("\n")) boxed.endInput();
    if (called || !text.includes(PONG)) return text;
    called = true;
    boxed.renew(limitsOf(attack).ms);
    void say(boxed, CALL);
    return text.replace(PONG, "");
  });
}
