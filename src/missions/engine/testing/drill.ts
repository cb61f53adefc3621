import { expect } from "bun:test";
import { join } from "node:path";
import { systemClock } from "../../../std/clock.ts";
import type { AskReply } from "../../../contracts/question.ts";
import type { Journal } from "../../../journal/journal.ts";
import { answerAsk, listAsks } from "../../../kernel/desk/approvals.ts";
import type { Lab } from "../../../kernel/testing/lab.ts";
import { asInput, MISSION } from "../carry.ts";
import type { Engine } from "../engine.ts";
import { decisionDigest, recordOf } from "../record.ts";
import type { Child } from "./child.ts";
import { DRILL, drillInput, drillLab, outside } from "./drill-mission.ts";

/** The drill: missions of twenty tasks, whose process is killed at random moments. */
export interface DrillGround {
  readonly folder: string;
  readonly journal: Journal;
  readonly engine: Engine;
  /** Starts a process that carries missions of this engine. */
  worker(): Promise<Child>;
  /** What is hurt at a moment, in place of that process. */
  hurt?(): Promise<void>;
}

export interface DrillReport {
  readonly kills: number;
  readonly missions: number;
  /** The one digest of all of them. */
  readonly digest: string;
  readonly events: number;
  /** Calls of tools, and those a killed process had begun and another one made again. */
  readonly calls: number;
  readonly again: number;
}

const YES: AskReply = { verdict: "allow", reach: "once" };

export async function drill(
  ground: DrillGround,
  { kills, seed }: { readonly kills: number; readonly seed: number },
): Promise<DrillReport> {
  const { folder, journal, engine } = ground;
  const made = await drillLab(journal, folder);
  const chance = chances(seed);
  const calm = await carry(ground, made, "calm", () => Number.POSITIVE_INFINITY);
  let [done, missions] = [0, 0];
  while (done < kills) {
    missions += 1;
    const moment = (): number => {
      if (done >= kills) return Number.POSITIVE_INFINITY;
      done += 1;
      return chance() * calm.ms;
    };
    const over = (): void => void (done -= 1);
    const hurt = await carry(ground, made, `r${missions}`, moment, over);
    expect([hurt.run, hurt.outcome]).toEqual([hurt.run, DRILL.outcome]);
    expect([hurt.run, hurt.digest]).toEqual([hurt.run, calm.digest]);
  }
  const { sent, calls } = outside(folder);
  expect(sent.length).toBe((missions + 1) * DRILL.sends);
  expect(new Set(sent).size).toBe(sent.length);
  expect(journal.verify()).toMatchObject({ ok: true });
  await engine.stop(0);
  return {
    ...{ kills: done, missions, digest: calm.digest, events: journal.size() },
    ...{ calls: calls.length, again: calls.length - new Set(calls).size },
  };
}

interface Carried {
  readonly run: string;
  readonly outcome: string;
  readonly digest: string;
  readonly ms: number;
}

/** Carries one mission to its end, each process of it for as long as `moment` says. */
async function carry(
  ground: DrillGround,
  made: Lab,
  run: string,
  moment: () => number,
  spared: () => void = () => undefined,
): Promise<Carried> {
  const { folder, journal, engine } = ground;
  await engine.submit({ ...MISSION, run, input: asInput(drillInput(made)) });
  let ms = 0;
  let spare: Child | null = null;
  for (;;) {
    const before = { settled: settledIn(journal, run), calls: outside(folder).calls.length };
    const worker: Child = spare ?? (await ground.worker());
    const [life, from] = [moment(), systemClock.elapsed()];
    const state = await untilEnd(ground, made, run, from + life);
    ms += systemClock.elapsed() - from;
    const record = state === null ? [] : await engine.read(run);
    spare = state === null && ground.hurt ? worker : null;
    await (spare ? ground.hurt?.() : worker.end());
    expect(journal.verify(run)).toMatchObject({ ok: true });
    const redone = outside(folder)
      .calls.slice(before.calls)
      .filter((step) => before.settled.has(step));
    expect([run, redone]).toEqual([run, []]);
    if (state === null) continue;
    if (life !== Number.POSITIVE_INFINITY) spared();
    return { run, outcome: state, digest: decisionDigest(record), ms };
  }
}

/** The outcome, once it has ended; null when the time came before. Asks are answered meanwhile. */
async function untilEnd(
  { journal }: DrillGround,
  { world }: Lab,
  run: string,
  time: number,
): Promise<string | null> {
  while (systemClock.elapsed() < time) {
    const head = journal.head(run);
    const body = head && journal.body(head);
    if (body?.kind === "run.ended") return body.end.outcome;
    for (const ask of listAsks(world)) await answerAsk(world, ask, YES, "operator@drill");
    await systemClock.sleep(2);
  }
  return null;
}

/** Steps of a mission that were settled, its children's included. */
function settledIn(journal: Journal, run: string): ReadonlySet<string> {
  const settled = recordOf(journal, run).filter(({ event }) => event.kind === "action.settled");
  return new Set(settled.flatMap(({ event }) => event.step ?? []));
}

/** Numbers from 0 to 1 that follow from the seed, so that a drill can be held again. */
export function chances(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What a page says of what was killed. */
export interface DrillWords {
  /** After `Kill drill: `. */
  readonly title: string;
  /** Of which is said that it is ended with SIGKILL. */
  readonly whose: string;
}

/** A drill as a page: what was done, and what was found. */
export function drillPage(words: DrillWords, seed: number, report: DrillReport): string {
  const { kills, missions, digest, events, calls, again } = report;
  return `# Kill drill: ${words.title}

Missions of ${DRILL.tasks} tasks with two approvals, ${words.whose} ended with SIGKILL at random moments
(\`src/missions/engine/drill.test.ts\`; \`npm run soak\` writes this page anew). Seed ${seed}.

| what | found |
|---|---|
| processes killed | ${kills} |
| missions | ${missions} of ${missions} came to the same end as one nobody disturbed |
| finished steps that ran again | 0 of ${calls} calls of tools |
| steps begun and cut off that were made again | ${again}, each one that may be repeated |
| outward effects done twice, or lost | 0 of ${(missions + 1) * DRILL.sends} |
| decision digests | 1: \`${digest}\` |
| journal | ${events} events; each mission verified after every kill, all of it at the end |
`;
}

export const evidenceFile = (name: string): string =>
  join(import.meta.dirname, "../../../../docs/evidence", `kill-drill-${name}.md`);
