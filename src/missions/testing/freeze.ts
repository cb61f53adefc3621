import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openJournal } from "../../journal/open.ts";
import { answerAsk, listAsks } from "../../kernel/desk/approvals.ts";
import { WORLDS } from "../../kernel/drive/fork.fixtures.ts";
import { begin, resume } from "../../kernel/runner.ts";
import { type Lab, type LabSetup, ended, lab } from "../../kernel/testing/lab.ts";
import { fakeClock } from "../../std/clock.ts";
import { systemRandom } from "../../std/random.ts";
import { missionWays } from "../desk.ts";
import { beginIn, type Written } from "./mission-lab.ts";

/**
 * Runs of every shape as this version records them, for all later ones to replay: a journal, and the
 * vault's texts, a line each. Written once for a version, and never again:
 * `bun src/missions/testing/freeze.ts src/missions/fixtures/VERSION`
 */
export async function freeze(dir: string): Promise<void> {
  if (existsSync(join(dir, "vault.jsonl"))) throw new Error(`${dir} is written already`);
  mkdirSync(dir, { recursive: true });
  const clock = fakeClock();
  const vault = new Map<string, string>();
  const journal = openJournal({ dir, clock, random: systemRandom });
  const made = (setup: LabSetup): Lab => {
    clock.advance(1_000);
    const ways = missionWays(() => [{ name: "script" }]);
    return lab({ ...setup, ...ways }, { clock, journal, vault });
  };
  for (const { setup, text = "go" } of Object.values(WORLDS)) {
    await ended(begin(made(setup).world, { text }));
  }
  for (const plan of Object.values(PLANS)) await carried(made(setup()), plan);
  journal.close();
  const lines = [...vault].map((entry) => `${JSON.stringify(entry)}\n`);
  writeFileSync(join(dir, "vault.jsonl"), lines.join(""));
}

/** To its end, with a yes to what it asks. */
async function carried(made: Lab, plan: Written): Promise<void> {
  const { run, done } = await beginIn(made, made.world, plan);
  let state = await done;
  while (state.state === "waiting") {
    for (const ask of listAsks(made.world)) {
      await answerAsk(made.world, ask, { verdict: "allow", reach: "once" }, "operator@freeze");
    }
    state = await ended(resume(made.world, run, {}));
  }
}

const say = (id: string, needs: readonly string[] = [], more: Written = {}): Written => ({
  ...{ id, tool: "say", args: { text: `${id} said` }, needs },
  ...more,
});

const PLANS: Readonly<Record<string, Written>> = {
  "an approval, agents side by side": {
    rank: "A",
    tasks: [
      { id: "a", agent: "writer", prompt: "use it" },
      { id: "b", agent: "writer", prompt: "use it" },
      say("c", ["a", "b"], { rank: "A" }),
    ],
  },
  "every recovery, and what is passed over": {
    tasks: [
      { id: "f", tool: "flaky", args: {}, recover: [{ retry: { times: 3, wait: 1 } }] },
      { id: "x", tool: "fail", args: {}, recover: [{ fallback: { task: "y" } }] },
      say("y"),
      { id: "z", tool: "fail", args: {}, recover: [{ degrade: { says: "without" } }] },
      say("w", ["x", "z"], { when: 'tasks.z.status == "degraded"' }),
      say("v", [], { when: "false" }),
    ],
  },
  "one that stops": {
    tasks: [{ id: "a", tool: "fail", args: {}, recover: [{ stop: {} }] }, say("b", ["a"])],
  },
};

function setup(): LabSetup {
  let left = 2;
  const flaky = (): string => {
    if (left-- > 0) throw new Error("not yet");
    return "there";
  };
  const fail = (): Promise<never> => Promise.reject(new Error("as it was told"));
  return {
    tools: [
      { name: "say", run: ({ text }) => text ?? "said" },
      { name: "fail", run: fail },
      { name: "flaky", run: flaky },
    ],
    agents: [{ manifest: { name: "oracle" } }, { manifest: { name: "writer", agents: [] } }],
    script: {
      turns: [
        ...[1, 2].map(() => ({
          ...{ agent: "writer", when: { last: "use it" } },
          calls: [{ name: "say", args: {} }],
        })),
        { agent: "writer", say: "Done.", once: false },
      ],
    },
  };
}

if (import.meta.main) await freeze(process.argv[2] ?? "");
