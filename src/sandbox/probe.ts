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
import { joins, together } from "./probing/attacks/together.ts";
import { runtimeArgv, runtimeFile, runtimeReads } from "./runtime.ts";
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

/** Kinds of process that are tried too where somebody asks for them: they take longer. */
export interface Beyond {
  /** Programs with a network. */
  readonly networked?: true;
  /** An image with a shell and what our runtime needs; its containers read this package's code. */
  readonly image?: string;
}

/**
 * Tries to escape from this machine's sandbox, live, as a tool and as a program. Verdicts come from
 * outside: files that must not change, servers that must not be reached, a process that must not be
 * hurt. Takes some seconds; leaves nothing behind and harms nothing. `only` picks some by name.
 */
export async function probeSandbox(
  sandbox: Sandbox,
  only: (name: string, kind: Kind) => boolean = () => true,
  beyond: Beyond = {},
): Promise<ProbeResult[]> {
  const wanted = ATTACKS.flatMap((attack) => {
    return kindsOf(attack, beyond).flatMap((kind): Tried[] => {
      const tier = tierOf(sandbox, kind);
      // The attempts are made by Linux's own system calls.
      const here = tier !== null && tier !== "seatbelt";
      const made = here && (kind !== "pure" || tier === "wasm") && only(attack.name, kind);
      return made ? [{ attack, kind, tier }] : [];
    });
  });
  return probeAll({ sandbox, image: beyond.image ?? "" }, wanted);
}

/** A network changes nothing of what a program may use up, so that is not tried once more. */
function kindsOf({ kinds = KINDS, aim }: Attack, { networked, image }: Beyond): readonly Kind[] {
  if (!kinds.includes("program")) return kinds;
  return [
    ...kinds,
    ...(networked && aim !== "exhaust" ? (["networked"] as const) : []),
    ...(image === undefined ? [] : (["container"] as const)),
  ];
}

interface Prober {
  readonly sandbox: Sandbox;
  readonly image: string;
}

/** Together what can be, the rest by itself; what uses up what others need comes last. */
async function probeAll(prober: Prober, wanted: readonly Tried[]): Promise<ProbeResult[]> {
  const results = new Map<Tried, ProbeResult>();
  const each = async <T>(waiting: T[], work: (one: T) => Promise<void>): Promise<void> => {
    const lane = async (): Promise<void> => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(one);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  };
  await each([...groupsOf(wanted)], async (group) => {
    for (const tried of await heldTogether(prober, group)) results.set(tried, heldResult(tried));
  });
  const byItself = async (tried: Tried): Promise<void> => {
    results.set(tried, await probe(prober, tried));
  };
  const left = wanted.filter((tried) => !results.has(tried));
  await each(
    left.filter(({ attack }) => !attack.alone),
    byItself,
  );
  for (const tried of left.filter(({ attack }) => attack.alone)) await byItself(tried);
  return wanted.flatMap((tried) => results.get(tried) ?? []);
}

function groupsOf(wanted: readonly Tried[]): readonly (readonly Tried[])[] {
  const joint = wanted.filter(({ attack, tier }) => joins(attack, tier));
  return [...Map.groupBy(joint, ({ kind }) => kind)].flatMap(([kind, all]) => {
    // A container takes long to start.
    const count = Math.ceil(all.length / (kind === "container" ? 2 * GROUP : GROUP));
    const groups = Array.from({ length: count }, (_, at) =>
      all.filter((_one, i) => i % count === at),
    );
    return groups.filter(({ length }) => length > 1);
  });
}

/** Those of a group that were made and held; the others are made again, each by itself. */
async function heldTogether(prober: Prober, group: readonly Tried[]): Promise<readonly Tried[]> {
  const { attack, held } = together(group.map((tried) => tried.attack));
  const [{ kind, tier }] = group as readonly [Tried];
  await probe(prober, { attack, kind, tier });
  return group.filter((tried) => held().includes(tried.attack));
}

function heldResult({ attack: { name }, kind, tier }: Tried): ProbeResult {
  return { name, kind, tier, held: true, detail: REFUSED, residual: null };
}

function tierOf(sandbox: Sandbox, kind: Kind): Tier | null {
  if (kind === "networked") return sandbox.tier("program", true);
  return sandbox.tier(kind, false);
}

const KINDS: readonly Kind[] = ["host", "program"];
/** Most of an attack is waiting for what comes of it. */
const AT_ONCE = 6;
/** Attacks by one process. */
const GROUP = 8;

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

async function probe(prober: Prober, { attack, kind, tier }: Tried): Promise<ProbeResult> {
  const ground = await prepareGround();
  const common = { name: attack.name, kind, tier };
  try {
    const boxed = await prober.sandbox.start(specOf(prober, ground, { attack, kind }));
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
  // A tool that floods its log has pushed out what it said first; a line may be longer than is kept.
  if (/refused so far|^x+(?:\n|$)/u.test(boxed.stderr())) return null;
  return `The attempt could not be made: ${boxed.stderr().slice(0, 200)}`;
}

type Made = Pick<Tried, "attack" | "kind">;

function specOf({ image }: Prober, ground: Ground, { attack, kind }: Made): ProcessSpec {
  const program = kind === "program" || kind === "networked";
  const pure = kind === "pure";
  const contained = kind === "container" ? [...runtimeReads(), runtimeFile()] : [];
  // Loading a tool takes what it takes: its own time begins with the call.
  const { ms } = pure ? LIMITS_OF_PROBES : limitsOf(attack);
  return {
    run: runOf(image, ground, { attack, kind }),
    cwd: pure ? "/" : ground.granted,
    stage: pure ? null : ground.stage,
    box: {
      reads: pure ? [ground.toolFolder] : [ground.granted, ...contained],
      writes: pure ? [] : [ground.writable],
      net: kind === "networked" ? { kind: "proxy", socket: ground.doors.proxy } : { kind: "none" },
      exec: program ? PROGRAMS.filter((path) => existsSync(path)) : [],
      env: program || kind === "container" ? { PATH: "/usr/bin:/bin" } : {},
      limits: { ...limitsOf(attack), ms },
    },
  };
}

function limitsOf({ limits }: Attack): Box["limits"] {
  return { ...LIMITS_OF_PROBES, ...limits };
}

function runOf(image: string, ground: Ground, { attack, kind }: Made): ProcessSpec["run"] {
  const { moves, script, source } = attack;
  if (source) {
    const file = join(ground.toolFolder, "attack.ts");
    writeFileSync(file, source(ground));
    return { kind: "host", file, pure: true };
  }
  const contained = kind === "container";
  // What is staged lies at its real place in a container.
  const seen = contained ? { ...ground, staged: ground.writable } : ground;
  const [name = "", ...args] = moves?.(seen, kind) ?? [];
  if (kind === "host") return { kind: "attack", name, args };
  // As a program: the same moves, made by one that nanos knows nothing about.
  const argv = script
    ? ["/bin/sh", "-c", script(seen)]
    : [...runtimeArgv("box"), "program-attack", name, ...args];
  return contained ? { kind: "container", image, argv } : { kind: "program", argv };
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
  return ended.kind === "stopped" ? endedText(ended) : REFUSED;
}

const REFUSED = "Every attempt was refused.";

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
