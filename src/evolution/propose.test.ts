import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Arrangement } from "../contracts/arrangement.ts";
import type { AgentManifest } from "../contracts/agent.ts";
import type { ScriptInput } from "../contracts/script.ts";
import { aRule } from "../gate/gate.fixtures.ts";
import { edited, type Edit } from "../kernel/growth/edit.ts";
import { answerAsk, listAsks } from "../kernel/desk/approvals.ts";
import { askedIn } from "../kernel/views/asked.ts";
import { resume } from "../kernel/runner.ts";
import { replay } from "../kernel/drive/replay.ts";
import type { Lab, LabSetup } from "../kernel/testing/lab.ts";
import type { World } from "../kernel/world.ts";
import { beginIn, missionLab } from "../missions/testing/mission-lab.ts";
import { LIMITS } from "../std/limits.ts";
import { proposing } from "./propose.ts";
import { TOOLS } from "./testing/fill.ts";

/** SELF_MODIFY: what an agent's own runs speak for waits in the inbox, as a difference. */

const FILE = `---
name: clerk # who looks
description: Looks.
skills: [say, web]
limits: { turns: 4 }
---
Look.
`;

interface Given {
  readonly turns: ScriptInput["turns"];
  readonly limits?: AgentManifest["limits"];
  readonly text?: string;
  readonly traits?: LabSetup["traits"];
  readonly rules?: LabSetup["rules"];
}

interface Tried {
  readonly made: Lab;
  readonly world: World;
  readonly file: string;
  /** Follows the mission once more. */
  again(): Promise<string>;
}

/** Follows a mission that asks the clerk, so many times. */
async function trying(
  given: Given,
  times: number,
  act: (tried: Tried) => Promise<void>,
): Promise<void> {
  const dir = fs.mkdtempSync(join(tmpdir(), "nanos-propose-"));
  const file = join(dir, "agents", "clerk.md");
  const { turns, limits = { turns: 4 }, text = FILE, traits = ["SELF_MODIFY"], rules = [] } = given;
  fs.mkdirSync(join(dir, "agents"));
  fs.writeFileSync(file, text);
  const clerk = { name: "clerk", skills: ["say", "web"], limits };
  const web = { name: "web", scopes: ["exec:web"], run: () => "seen" };
  const made = missionLab({
    ...{ tools: [...TOOLS, web], traits, dir, script: { turns } },
    agents: [{ manifest: { name: "oracle" } }, { manifest: clerk }],
    rules,
  });
  const manifest = made.facts.agents.find(({ manifest: one }) => one.name === "clerk")?.manifest;
  const agents = new Map([["clerk", { manifest, prompt: "", file }]]);
  const change = async (edit: Edit): Promise<void> =>
    fs.writeFileSync(file, edited(fs.readFileSync(file, "utf8"), edit) ?? "broken");
  const world = { ...made.world, growth: { ...made.world.growth, change } };
  const arrangement = { agents, dir } as unknown as Arrangement;
  const again = async (): Promise<string> => {
    const tasks = [{ id: "a", agent: "clerk", prompt: "Look." }];
    const { run, done } = await beginIn(made, world, { tasks });
    const state = await done;
    expect(state.state).toBe("ended");
    await proposing(world, arrangement)(run, () => Promise.reject(new Error("nothing follows")));
    return run;
  };
  try {
    for (let i = 0; i < times; i++) await again();
    await act({ made, world, file, again });
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

const LOOPS: ScriptInput["turns"] = [
  { agent: "clerk", calls: [{ name: "say", args: {} }], once: false },
];

/** Every ask that waits, as it is shown. */
function waiting({
  journal,
  world,
}: Lab): readonly { args: Record<string, string>; rank: string }[] {
  return listAsks(world).map((ask) => {
    const { action, decision } = askedIn(journal, ask) ?? {};
    return { args: action?.args as Record<string, string>, rank: decision?.rank ?? "" };
  });
}

test("its runs that stopped at a limit of its file speak for a higher one, once they are enough", async () => {
  await trying({ turns: LOOPS }, LIMITS.proposeAfter - 1, async ({ made, world, file, again }) => {
    expect(waiting(made)).toEqual([]);
    await again();
    const [one, ...others] = waiting(made);
    expect(others).toEqual([]);
    expect(one).toMatchObject({
      rank: "S",
      args: {
        file: "agents/clerk.md",
        diff: "--- agents/clerk.md\n+++ agents/clerk.md\n-limits: { turns: 4 }\n+limits: { turns: 6 }",
        because: expect.stringMatching(
          /^3 of the newest 3 runs of clerk stopped at its 4 turns: /u,
        ),
      },
    });
    expect(fs.readFileSync(file, "utf8")).toBe(FILE);
    // The same is not proposed again, while it waits and afterwards.
    await again();
    expect(waiting(made)).toHaveLength(1);
    const [ask] = listAsks(world);
    if (!ask) throw new Error("nothing waits");
    const yes = { verdict: "allow", reach: "once" } as const;
    expect(await answerAsk(world, ask, yes, "me").catch(String)).toContain("rank S");
    await answerAsk(world, ask, { ...yes, typed: ask.name }, "operator@terminal");
    const state = await (await resume(world, ask.run, {})).done;
    expect(state).toMatchObject({ state: "ended", ended: { outcome: "succeeded" } });
    expect(fs.readFileSync(file, "utf8")).toBe(FILE.replace("turns: 4", "turns: 6"));
    expect(await replay(made.journal, world.recall, ask.run)).toMatchObject({ ok: true });
  });
});

test("a no is a no to this change for good", () =>
  trying({ turns: LOOPS }, LIMITS.proposeAfter, async ({ made, world, file, again }) => {
    const [ask] = listAsks(world);
    if (!ask) throw new Error("nothing waits");
    await answerAsk(world, ask, { verdict: "deny", reach: "once" }, "operator@terminal");
    await (
      await resume(world, ask.run, {})
    ).done;
    await again();
    expect([waiting(made), fs.readFileSync(file, "utf8")]).toEqual([[], FILE]);
  }));

test("a skill whose every use was denied goes, and no other", async () => {
  const rules = [aRule("no-web", "deny", { when: { name: "web" } })];
  const turns: ScriptInput["turns"] = Array.from({ length: LIMITS.proposeAfter }, () => [
    { agent: "clerk", calls: [{ name: "web", args: {} }] },
    { agent: "clerk", calls: [{ name: "say", args: {} }] },
    { agent: "clerk", say: "looked" },
  ]).flat();
  await trying({ turns, rules }, LIMITS.proposeAfter, async ({ made }) =>
    expect(waiting(made)).toMatchObject([
      {
        rank: "S",
        args: {
          diff: expect.stringContaining("-skills: [say, web]\n+skills: [say]"),
          because: "Each use clerk made of web in its newest runs was denied, and none was done.",
        },
      },
    ]),
  );
});

const CASES: readonly (readonly [what: string, given: Given])[] = [
  ["the trait is off", { turns: LOOPS, traits: [] }],
  ["nothing stopped it", { turns: [{ agent: "clerk", say: "looked", once: false }] }],
  ["the limit is not its own", { turns: LOOPS, limits: { turns: 1_000 } }],
  ["its file is written otherwise", { turns: LOOPS, text: "---\nname: clerk\n---\n" }],
];
test.each(CASES)("nothing is proposed where %s", (_, given) =>
  trying(given, LIMITS.proposeAfter, async ({ made }) => expect(waiting(made)).toEqual([])),
);
