import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import type { TraceStep } from "../src/contracts/trace.ts";
import { addOracle, addTool, useScript } from "./support/hand.ts";
import { lastLine, type Person, person, type Result } from "./support/nanos.ts";

setDefaultTimeout(120_000);

/** What the operator changes from another terminal while a run goes on acts at its next step. */

const HOLD = `for (let n = 0; n < 1200 && !fs.existsSync(ctx.workspace + "/hold/go"); n++)
  await new Promise((resolve) => setTimeout(resolve, 25));
return "held";`;

/** A run that calls `hold`, which ends once a file is there, then `second`, then speaks. */
async function begun(): Promise<{ me: Person; go: () => Promise<Result> }> {
  const me = person();
  await me.nanos("init", "--from", "toy");
  fs.mkdirSync(join(me.userHome, "hold"));
  addTool(me, "hold", HOLD, ["read:./hold"]);
  addTool(me, "second", 'return "second";');
  addOracle(me, ["hold", "second"], ["helper"]);
  fs.writeFileSync(agentFile(me, "helper"), "---\nname: helper\ndescription: Helps.\n---\nHelp.\n");
  for (const skill of ["hold", "second"]) await me.nanos("grant", "add", skill, "--yes");
  await useScript(me, [
    { agent: "helper", say: "Helped." },
    { agent: "oracle", calls: [{ name: "hold", args: {} }] },
    {
      agent: "oracle",
      calls: [
        { name: "second", args: {} },
        { name: "delegate", args: { agent: "helper", request: "help" } },
      ],
    },
    { agent: "oracle", say: "Over." },
  ]);
  const running = me.begin(["run", "go", "--json"]);
  await running.until('"name":"hold"');
  const go = (): Promise<Result> => {
    fs.writeFileSync(join(me.userHome, "hold", "go"), "");
    return running.ended;
  };
  return { me, go };
}

function agentFile(me: Person, name: string): string {
  return join(me.userHome, ".nano-os", "agents", `${name}.md`);
}

/** Each step as `NAME REASON`, and whether all of it is reproduced from the record. */
async function stepsOf(me: Person, ended: Result): Promise<readonly string[]> {
  const run = String(lastLine(ended)["run"]);
  const shown = JSON.parse((await me.nanos("trace", "show", run, "--json")).out) as {
    steps: readonly TraceStep[];
  };
  const replay = await me.nanos("trace", "replay", run);
  expect({ code: replay.code, err: replay.err }).toMatchObject({ code: 0 });
  expect((await me.nanos("trace", "verify")).code).toBe(0);
  return shown.steps.map(({ name, decision }) => `${name} ${decision?.reason ?? "?"}`);
}

const CASES: readonly (readonly [
  what: string,
  change: (me: Person) => Promise<unknown>,
  steps: readonly string[],
])[] = [
  [
    "nothing",
    async () => undefined,
    [
      "by-hand allow:chosen_model",
      "hold allow:in_scope",
      "by-hand allow:chosen_model",
      "second allow:in_scope",
      "helper allow:in_scope",
      "by-hand allow:chosen_model",
    ],
  ],
  [
    "a grant taken back",
    (me) => me.nanos("grant", "revoke", "second"),
    [
      "by-hand allow:chosen_model",
      "hold allow:in_scope",
      "by-hand allow:chosen_model",
      "second deny:grant_revoked",
      "helper allow:in_scope",
      "by-hand allow:chosen_model",
    ],
  ],
  [
    "a skill detached",
    (me) => me.nanos("skill", "detach", "second", "oracle"),
    [
      "by-hand allow:chosen_model",
      "hold allow:in_scope",
      "by-hand allow:chosen_model",
      "second deny:grant_revoked",
      "helper allow:in_scope",
      "by-hand allow:chosen_model",
    ],
  ],
  [
    "a skill and an agent taken out of the file by hand",
    async (me) => addOracle(me, ["hold"]),
    [
      "by-hand allow:chosen_model",
      "hold allow:in_scope",
      "by-hand allow:chosen_model",
      "second deny:grant_revoked",
      "helper deny:grant_revoked",
      "by-hand allow:chosen_model",
    ],
  ],
  [
    "a file that is being written",
    async (me) => fs.writeFileSync(agentFile(me, "oracle"), "---\nname: orac"),
    [
      "by-hand allow:chosen_model",
      "hold allow:in_scope",
      "by-hand allow:chosen_model",
      "second allow:in_scope",
      "helper allow:in_scope",
      "by-hand allow:chosen_model",
    ],
  ],
];

describe("what is changed while a run goes on acts at its next step, and is on the record", () => {
  for (const [what, change, steps] of CASES) {
    test(what, async () => {
      const { me, go } = await begun();
      using _gone = me;
      await change(me);
      const ended = await go();
      addOracle(me, ["hold", "second"], ["helper"]);
      expect(await stepsOf(me, ended)).toEqual([...steps]);
    });
  }

  test("another model in use is asked from then on, by agents that go by it", async () => {
    const { me, go } = await begun();
    using _gone = me;
    const other = join(me.userHome, ".nano-os", "models", "other.yaml");
    fs.writeFileSync(
      other,
      JSON.stringify({ turns: [{ say: "Never said." }, { say: "From another." }] }),
    );
    await me.nanos("model", "add", "other", "--adapter", "script", "--file", "models/other.yaml");
    expect((await me.nanos("model", "use", "other")).code).toBe(0);
    const ended = await go();
    expect(lastLine(ended)).toMatchObject({ outcome: "succeeded", text: "From another." });
    expect(await stepsOf(me, ended)).toEqual([
      "by-hand allow:chosen_model",
      "hold allow:in_scope",
      "other allow:chosen_model",
    ]);
    const kinds = ended.out.split("\n").filter((line) => line.includes('"standing.changed"'));
    expect(kinds.length).toBe(1);
  });

  test("a model that is not there any more is not taken", async () => {
    const { me, go } = await begun();
    using _gone = me;
    const config = join(me.userHome, ".nano-os/machine/config.yaml");
    fs.writeFileSync(
      config,
      fs.readFileSync(config, "utf8").replace("model: by-hand\n", "model: gone\n"),
    );
    const ended = await go();
    expect(lastLine(ended)).toMatchObject({ outcome: "succeeded", text: "Over." });
    expect((await stepsOf(me, ended)).at(-1)).toBe("by-hand allow:chosen_model");
  });
});
