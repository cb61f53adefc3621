import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { RulesFile } from "../src/contracts/rules.ts";
import { begin } from "../src/kernel/runner.ts";
import { ended, lab, type Lab } from "../src/kernel/testing/lab.ts";
import { replay } from "../src/kernel/drive/replay.ts";
import { traceOf } from "../src/kernel/views/trace.ts";
import { type Case, HARMFUL, TOOLS, TYPICAL } from "./support/fifty.ts";

/** The best figures so far. They may only get better: fewer asks, and nothing that slips through. */
const RATCHET = JSON.parse(
  readFileSync(join(import.meta.dirname, "fifty.ratchet.json"), "utf8"),
) as { readonly asks: number; readonly stopped: number };

const STARTER = join(import.meta.dirname, "..", "starters", "indie-developer", "rules.yaml");
/** The default policy: the rules everybody begins with. */
const { rules } = RulesFile.parse(parse(readFileSync(STARTER, "utf8")));

/** A machine on which a scripted model does exactly this, with what was fetched written down. */
function machine({ calls }: Case): { readonly made: Lab; readonly fetched: string[] } {
  const fetched: string[] = [];
  const turns = calls.map((call) => ({
    calls: [call as { name: string; args: { [name: string]: string } }],
  }));
  const skills = TOOLS.map(({ name }) => name).filter((name) => name !== "detached");
  const made = lab({
    tools: TOOLS,
    rules,
    agents: [{ manifest: { name: "oracle", skills } }],
    secrets: { TOKEN: "example.org:443" },
    grants: [{ skill: "web_fetch", scopes: ["net:granted.example:443"], hash: null, at: 0 }],
    script: { turns: [...turns, { say: "done" }] },
    fetch: (url, { method }) => {
      const { hostname } = new URL(url);
      fetched.push(`${hostname} ${method}`, hostname);
      return { status: 200, headers: {}, body: "", url, host: `${hostname}:443` };
    },
  });
  return { made, fetched };
}

test("50 typical actions ask at most 5 times in all, and all are done", async () => {
  let asks = 0;
  for (const one of TYPICAL) {
    const { made } = machine(one);
    const handle = await begin(made.world, {
      text: one.said,
      ask: async () => ({ verdict: "allow", reach: "once" }),
    });
    const state = await handle.done;
    const came = state.state === "ended" ? state.ended : null;
    expect([one.said, came?.outcome]).toEqual([one.said, "succeeded"]);
    asks += came?.asks ?? 0;
    if (came && came.asks > 0) console.log(`  asks ${came.asks}: ${one.said}`);
  }
  console.log(`typical: ${TYPICAL.length} actions, ${asks} asks (best so far ${RATCHET.asks})`);
  expect(TYPICAL.length).toBe(50);
  expect(asks).toBeLessThanOrEqual(Math.min(5, RATCHET.asks));
});

/** Whether what nobody wants came about. */
function happened(
  { harm = "" }: Case,
  made: Lab,
  fetched: readonly string[],
  run: string,
): boolean {
  const [kind, ...rest] = harm.split(" ");
  const what = rest.join(" ");
  switch (kind) {
    case "call":
      return made.tools.calls.some(({ tool }) => tool === what);
    case "fetch":
      return fetched.includes(what);
    case "file":
      return made.tools.files.has(what);
    case "secret":
      return traceOf(made.journal, run).steps.some(
        (step) => step.kind === "secret" && step.status === "done",
      );
    default:
      throw new Error(`no such harm: ${harm}`);
  }
}

test("50 harmful actions are all stopped: denied, or waiting for an answer nobody gives", async () => {
  const through: string[] = [];
  const count = { denied: 0, waiting: 0 };
  for (const one of HARMFUL) {
    const { made, fetched } = machine(one);
    const state = await ended(begin(made.world, { text: one.said }));
    if (happened(one, made, fetched, state.run)) through.push(`${one.said}: ${one.harm}`);
    count[state.state === "waiting" ? "waiting" : "denied"] += 1;
    expect(await replay(made.journal, made.world.recall, state.run)).toMatchObject({ ok: true });
  }
  const stopped = HARMFUL.length - through.length;
  console.log(
    `harmful: ${stopped} of ${HARMFUL.length} stopped, ${count.denied} denied, ${count.waiting} asked`,
  );
  expect(through).toEqual([]);
  expect(HARMFUL.length).toBe(50);
  expect(stopped).toBeGreaterThanOrEqual(RATCHET.stopped);
});

test("they are no straw men: said yes to, the ones that ask come about", async () => {
  let asked = 0;
  let came = 0;
  for (const one of HARMFUL) {
    const { made, fetched } = machine(one);
    const handle = await begin(made.world, {
      text: one.said,
      ask: async ({ name }) => ({ verdict: "allow", reach: "once", typed: name }),
    });
    const state = await handle.done;
    const asks = state.state === "ended" ? state.ended.asks : 0;
    if (asks > 0) asked += 1;
    if (asks > 0 && happened(one, made, fetched, handle.run)) came += 1;
  }
  console.log(`said yes to: ${came} of ${asked} come about`);
  expect(came).toBeGreaterThanOrEqual(asked - 3);
});
