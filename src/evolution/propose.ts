import { join } from "node:path";
import type { AgentManifest } from "../contracts/agent.ts";
import type { Arrangement } from "../contracts/arrangement.ts";
import type { Recorded } from "../contracts/drive.ts";
import type { EventBody } from "../contracts/event.ts";
import { type Limit, withEntry, withLimit } from "../home/arrangement/attach.ts";
import { readPlain, utf8 } from "../home/files.ts";
import type { Journal } from "../journal/journal.ts";
import { type Edit, editBetween, editIn } from "../kernel/growth/edit.ts";
import { CHANGE } from "../kernel/growth/grow.ts";
import { begin } from "../kernel/runner.ts";
import { runsBy } from "../kernel/views/traces.ts";
import type { World } from "../kernel/world.ts";
import type { After } from "../missions/after.ts";
import { NanosError } from "../std/error.ts";
import { hashOf } from "../std/hash.ts";
import type { Json } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { once, startOf } from "./chain.ts";
import { verified } from "./journal.ts";

/**
 * SELF_MODIFY: when a mission has ended, the record of each agent it asked is looked at, and a change
 * of its file may be proposed that the record speaks for:
 *
 *     a limit   its newest runs stopped at one its own file sets: half as much again
 *     a skill   each of its uses was denied, and none was ever done: it goes
 *
 * No model has a part in it. A proposal is a run of one action, `arrangement_change`, of rank S like any
 * other: it waits in the inbox with the difference and what speaks for it, and is written by the
 * operator's yes by name or never. The same change is proposed once, whatever is answered.
 */
export function proposing(
  world: World,
  { agents, dir }: Pick<Arrangement, "agents" | "dir">,
): After {
  const { journal } = world;
  return async (run) => {
    const started = startOf(journal, run);
    if (!started?.mission || started.rehearsal) return;
    if (!(await world.traits()).includes("SELF_MODIFY")) return;
    for (const name of askedIn(journal.chain(run))) {
      const agent = agents.get(name);
      if (!agent) continue;
      const file = `agents/${agent.file.slice(agent.file.lastIndexOf("/") + 1)}`;
      const text = utf8(readPlain(join(dir, file), LIMITS.manifestBytes) ?? new Uint8Array()) ?? "";
      const edit = await proposalFor(journal, { manifest: agent.manifest, file, text });
      if (edit) await propose(world, edit);
    }
  };
}

async function propose(world: World, { because = "", ...edit }: Edit): Promise<void> {
  const run = `r${hashOf({ proposed: edit } as unknown as Json).slice(0, 15)}`;
  await once(world.journal, run, async () => {
    const call = { tool: CHANGE, args: { ...edit, because } };
    // Nobody said it, so nothing in it is the operator's word.
    const { done } = await begin(world, { text: because, run, client: SELF }, call);
    await done;
  });
}

/** Who asks for what nobody asked for. */
const SELF = "self";

/** Agents a mission asked. */
function askedIn(chain: Iterable<Recorded>): ReadonlySet<string> {
  const asked = new Set<string>();
  for (const { body } of chain) {
    if (body?.kind === "action.proposed" && body.action.kind === "agent") {
      asked.add(body.action.name);
    }
  }
  return asked;
}

interface Agent {
  readonly manifest: AgentManifest;
  /** Its file in the arrangement, and what stands in it. */
  readonly file: string;
  readonly text: string;
}

/** The change an agent's newest runs speak for; null where they speak for none. */
export async function proposalFor(journal: Journal, agent: Agent): Promise<Edit | null> {
  const { manifest, file, text } = agent;
  const { name } = manifest;
  const seen = runsBy(journal, name, LIMITS.proposeLooked).flatMap(
    (run) => verified(() => seenIn(run, journal.chain(run), manifest)) ?? [],
  );
  const stopped = LIMITED.find((limit) => countOf(seen, limit) >= LIMITS.proposeAfter);
  const useless = manifest.skills.find((skill) => {
    const uses = seen.map(({ skills }) => skills.get(skill) ?? NONE);
    const denied = uses.reduce((sum, one) => sum + one.denied, 0);
    return denied >= LIMITS.proposeAfter && uses.every(({ done }) => done === 0);
  });
  try {
    const [after, because] =
      stopped === undefined
        ? await withoutSkill(agent, useless)
        : await withMore(agent, stopped, seen);
    if (after === null || after === text) return null;
    const edit = editIn({ ...editBetween(file, text, after), because });
    return typeof edit === "string" ? null : edit;
  } catch (error) {
    // Its file is another one by now, or written in a way that is not changed by itself.
    if (error instanceof NanosError) return null;
    throw error;
  }
}

type Changed = readonly [after: string | null, because: string];

async function withMore(
  { manifest, file, text }: Agent,
  limit: Limit,
  seen: readonly Seen[],
): Promise<Changed> {
  const now = manifest.limits[limit] ?? 0;
  const to = Math.min(Math.ceil(now * 1.5), MOST[limit]);
  const runs = seen.flatMap((one) => (one.stopped.has(limit) ? [one.run] : []));
  const because = `${runs.length} of the newest ${seen.length} runs of ${manifest.name} stopped at its ${now} ${limit}: ${runs.join(", ")}.`;
  return [to > now ? await withLimit(file, text, { limit, to }) : null, because];
}

async function withoutSkill({ manifest, file, text }: Agent, skill?: string): Promise<Changed> {
  if (skill === undefined) return [null, ""];
  const because = `Each use ${manifest.name} made of ${skill} in its newest runs was denied, and none was done.`;
  return [await withEntry(file, text, { list: "skills", name: skill, on: false }), because];
}

const LIMITED: readonly Limit[] = ["turns", "calls", "tokens", "ms"];
const MOST: Readonly<Record<Limit, number>> = {
  ...{ turns: LIMITS.missionTurns, calls: LIMITS.missionCalls },
  ...{ tokens: LIMITS.missionTokens, ms: LIMITS.missionMs },
};

/** What one run of an agent shows. */
interface Seen {
  readonly run: string;
  /** Limits of its own file it stopped at. */
  readonly stopped: ReadonlySet<Limit>;
  readonly skills: ReadonlyMap<string, { readonly done: number; readonly denied: number }>;
}

const NONE = { done: 0, denied: 0 };

function countOf(seen: readonly Seen[], limit: Limit): number {
  return seen.filter(({ stopped }) => stopped.has(limit)).length;
}

function seenIn(run: string, chain: Iterable<Recorded>, { limits }: AgentManifest): Seen {
  const stopped = new Set<Limit>();
  const skills = new Map<string, { done: number; denied: number }>();
  const skillOf = new Map<string, string>();
  let own: ReadonlySet<Limit> = new Set();
  let turns = Infinity;
  for (const { event, body } of chain) {
    const step = event.step ?? "";
    if (body?.kind === "run.started") {
      own = new Set(LIMITED.filter((limit) => body.budget[limit] === limits[limit]));
      ({ turns } = body.budget);
    }
    const limit = body && limitIn(body, turns);
    if (limit && own.has(limit)) stopped.add(limit);
    if (body?.kind === "action.proposed" && body.action.skill !== undefined) {
      skillOf.set(step, body.action.skill);
    }
    const skill = skillOf.get(step);
    if (body?.kind !== "action.settled" || skill === undefined) continue;
    const uses = skills.get(skill) ?? { ...NONE };
    const { outcome } = body;
    if (outcome.status === "done") uses.done += 1;
    else if (outcome.status === "denied" && !outcome.failure.code.includes(BUDGET))
      uses.denied += 1;
    skills.set(skill, uses);
  }
  return { run, stopped, skills };
}

const BUDGET = "deny:budget_";

/** The limit a run stopped at, where this says so. */
function limitIn(body: EventBody, turns: number): Limit | null {
  if (body.kind === "run.ended") {
    const { outcome, usage, failure } = body.end;
    if (failure?.code === "run.time") return "ms";
    return outcome !== "succeeded" && usage.turns >= turns ? "turns" : null;
  }
  if (body.kind !== "action.judged" || !body.decision.reason.startsWith(BUDGET)) return null;
  const name = body.decision.reason.slice(BUDGET.length);
  return LIMITED.find((limit) => limit === name) ?? (name === "time" ? "ms" : null);
}
