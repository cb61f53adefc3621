import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Message } from "../src/contracts/message.ts";
import { systemClock } from "../src/std/clock.ts";
import { chances } from "../src/missions/engine/testing/drill.ts";
import { type Station, station, until, type Up } from "./support/server.ts";

/**
 * The kill drill over HTTP: many clients begin runs, the server's process is ended with SIGKILL at
 * random moments and started anew. What was acknowledged is there, goes on, and comes to its end;
 * nothing that was finished is done again.
 */

const isSoak = process.env["NANOS_SOAK"] === "1";
const SEED = 20_261_126;
const { kills: KILLS, clients: CLIENTS } = isSoak
  ? { kills: 100, clients: 32 }
  : { kills: 2, clients: 6 };
const PER_KEY = 4;
const TURNS = 3;

/** A run whose client was told of it. */
interface Acknowledged {
  readonly run: string;
  readonly key: string;
  readonly job: string;
}

/** A model that calls a tool twice before it answers; says which turn of which job it is asked for. */
function model(asked: (job: string, turn: number) => void) {
  return ({ messages }: { readonly messages: readonly Message[] }) => {
    const job = textOf(messages.find(({ role }) => role === "user"));
    const turn = messages.filter(({ role }) => role === "tool").length;
    asked(job, turn);
    const call = { name: "calculate", args: { expression: `${turn} + 1` } };
    return { delayMs: 5, ...(turn < TURNS - 1 ? { calls: [call] } : { say: `${job} is done` }) };
  };
}

function textOf(message: Message | undefined): string {
  return (message?.parts ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
}

test(
  `killed ${KILLS} times under load, no run that was acknowledged is lost and nothing is done twice`,
  async () => {
    const chance = chances(SEED);
    const asked: { readonly at: string; readonly life: number }[] = [];
    /** Turns that were on record when a server was killed. */
    const finished = new Map<string, number>();
    const all: Acknowledged[] = [];
    let [life, left] = [0, Infinity];
    let kill = (): void => undefined;
    const answer = model((job, turn) => {
      asked.push({ at: `${job}, turn ${turn}`, life });
      left -= 1;
      if (left === 0) kill();
    });
    await using at = await station(answer, { keys: Math.ceil(CLIENTS / PER_KEY) });
    for (; life < KILLS; life++) {
      left = 1 + Math.floor(chance() * CLIENTS * TURNS);
      const wait = chance() * 10;
      const up = await at.serve();
      kill = () => void systemClock.sleep(wait).then(() => up.process.kill("SIGKILL"));
      await goOn(up, all);
      await Promise.all(clients(at, up, `life ${life}`, all));
      expect((await up.process.ended).code).toBeNull();
      for (const job of await onRecord(at, all)) if (!finished.has(job)) finished.set(job, life);
    }
    left = Infinity;
    const up = await at.serve();
    await goOn(up, all);
    for (const { run, key, job } of all) {
      const shown = await until(
        () => show(up, run, key),
        (found) => found?.state === "ended",
      );
      expect(shown).toMatchObject({ outcome: "succeeded", text: `${job} is done` });
    }
    up.process.kill("SIGTERM");
    expect((await up.process.ended).code).toBe(0);
    const again = asked.filter((one) => (finished.get(one.at) ?? Infinity) < one.life);
    expect(again).toEqual([]);
    const repeated = asked.length - new Set(asked.map((one) => one.at)).size;
    const found = await recordOf(at, all);
    expect(found.settledTwice).toEqual([]);
    if (isSoak) report({ runs: all.length, asked: asked.length, repeated, ...found });
  },
  isSoak ? 1_800_000 : 60_000,
);

/** Clients that begin a run each and wait for its end, one after the other, until the server is gone. */
function clients({ keys }: Station, up: Up, name: string, all: Acknowledged[]): Promise<void>[] {
  return Array.from({ length: CLIENTS }, async (_, i) => {
    const key = keys[i % keys.length] ?? "";
    for (let n = 1; ; n++) {
      const job = `${name}, client ${i}, job ${n}`;
      try {
        const begun = await up.ask("/v1/runs", key, { text: job });
        const { run } = (await begun.json()) as { run?: string };
        // There are runs to go on with as well: a key has so many at once.
        if (run === undefined) await systemClock.sleep(10);
        else {
          all.push({ run, key, job });
          await (await up.ask(`/v1/runs/${run}/events`, key)).text();
        }
      } catch {
        return;
      }
    }
  });
}

/** Goes on with all that was interrupted, as whoever began it may; stops where the server is killed. */
async function goOn(up: Up, all: readonly Acknowledged[]): Promise<void> {
  for (const { run, key } of all) {
    const shown = await show(up, run, key);
    if (shown === null) return;
    if (shown.state !== "interrupted") continue;
    const resumed = await until(
      () => up.ask(`/v1/runs/${run}/resume`, key, {}).catch(() => null),
      // There is room for so many at once.
      (answer) => answer?.status !== 429 && answer?.status !== 503,
    );
    if (resumed === null) return;
    expect([run, resumed.status]).toEqual([run, 200]);
  }
}

/** A run as its key sees it, which has to be there; null where the server is gone. */
async function show(up: Up, run: string, key: string): Promise<{ readonly state: string } | null> {
  const answer = await up.ask(`/v1/runs/${run}`, key).catch(() => null);
  if (answer === null) return null;
  expect([run, answer.status]).toEqual([run, 200]);
  return answer.json().catch(() => null) as Promise<{ readonly state: string } | null>;
}

/** The turns that are on record as done, as the model was asked for them. All of it has to verify. */
function onRecord({ inside }: Station, all: readonly Acknowledged[]): Promise<readonly string[]> {
  return inside(async ({ traces }) => {
    expect(traces.verify()).toMatchObject({ ok: true, bad: null });
    return all.flatMap(({ run, job }) => {
      const events = traces.events(run);
      expect(events[0]?.body).toMatchObject({ kind: "run.started", request: job });
      const answered = events.filter(({ event }) => event.kind === "model.answered");
      return answered.map((_, turn) => `${job}, turn ${turn}`);
    });
  });
}

/** What the journal has in the end. */
function recordOf({ inside }: Station, all: readonly Acknowledged[]) {
  return inside(async ({ traces }) => {
    const settled = all.flatMap(({ run }) =>
      traces.events(run).flatMap(({ event: { kind, step } }) => {
        return step !== null && SETTLES.includes(kind) ? [step] : [];
      }),
    );
    const settledTwice = settled.filter((step, i) => settled.indexOf(step) !== i);
    const { ok, events } = traces.verify();
    expect(ok).toBe(true);
    return { settled: settled.length, settledTwice, events };
  });
}

const SETTLES: readonly string[] = ["model.answered", "action.settled"];

interface Found {
  readonly runs: number;
  readonly asked: number;
  readonly repeated: number;
  readonly settled: number;
  readonly events: number;
}

function report({ runs, asked, repeated, settled, events }: Found): void {
  const page = `# Kill drill: the server under load

${CLIENTS} clients begin runs over HTTP and wait for their ends; the process of \`nanos serve\` is ended
with SIGKILL at random moments and started anew (\`test/server-kill.test.ts\`; \`npm run soak\` writes this
page anew). Seed ${SEED}.

| what | found |
|---|---|
| processes killed | ${KILLS} |
| runs that were acknowledged | ${runs} |
| of these found after every kill, and brought to the end they were asked for | ${runs} |
| finished turns of a model that were asked for again | 0 of ${asked} requests |
| turns begun and cut off that were asked for again | ${repeated} |
| steps that were settled twice | 0 of ${settled} |
| journal | ${events} events; all of it verified after every kill |
`;
  writeFileSync(join(import.meta.dirname, "../docs/evidence/kill-drill-server.md"), page);
}
