import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../std/limits.ts";
import type { ForkRequest } from "../../contracts/nanos.ts";
import { begin, fork } from "../runner.ts";
import type { FunctionTool } from "../testing/function-tools.ts";
import { type Lab, ended, lab } from "../testing/lab.ts";
import { codeOf, inFolder, NO_READ, ran, READ, RULES } from "./fork.fixtures.ts";

describe("what cannot be forked", () => {
  const world = "turn after turn";
  const check = (
    what: string,
    code: string,
    prepare: (made: Lab, run: string) => Promise<ForkRequest>,
  ): void => {
    test(`${what} is ${code}, and no run is begun`, async () => {
      const { made, state } = await ran(world);
      const asked = await prepare(made, state.run);
      const size = made.journal.size();
      expect((await codeOf(fork(made.world, asked)))?.code).toBe(code);
      expect(made.journal.size()).toBe(size);
    });
  };
  check("no run", "run.unknown", async () => ({ run: "r0", at: "1" }));
  check("no step", "step.unknown", async (_, run) => ({ run, at: "99" }));
  check("an unknown agent", "agent.unknown", async (_, run) => ({ run, at: "1", agent: "nobody" }));
  check("what was erased before it", "fork.lost", async ({ journal }, run) => {
    const settled = [...journal.chain(run)].find(
      ({ event }) => event.step === `${run}.2` && event.kind === "action.settled",
    );
    await journal.erase(settled?.event.hash ?? "", "asked for");
    return { run, at: "3" };
  });
  check("a run whose start was erased", "run.erased", async ({ journal }, run) => {
    await journal.erase([...journal.chain(run)][0]?.event.hash ?? "", "asked for");
    return { run, at: "3" };
  });
  check("a run of another folder", "fork.elsewhere", async (made, run) => {
    Object.assign(made.facts, { workspace: "/other" });
    return { run, at: "3" };
  });
  check("the last of too many", "fork.deep", async (made, run) => {
    let last = run;
    for (let n = 1; n < LIMITS.forks; n++) {
      last = (await ended(fork(made.world, { run: last, at: "5" }))).run;
    }
    return { run: last, at: "5" };
  });

  test("a step after one that waits, which is named", async () => {
    const post: FunctionTool = { name: "post", run: () => "posted", manifest: { rank: "A" } };
    const calls = ["post", "read"].map((name) => ({ name, args: { n: 1 } }));
    const made = lab({ tools: [post, READ], script: { turns: [{ calls }, { say: "ok" }] } });
    const { run, state } = await ended(begin(made.world, { text: "go" }));
    expect(state).toBe("waiting");
    const refused = await codeOf(fork(made.world, { run, at: "3" }));
    expect(refused).toMatchObject({
      code: "fork.open",
      message: `Step ${run}.2, before ${run}.3, waits for an answer.`,
    });
    // At the ask itself it is asked anew.
    expect(await ended(fork(made.world, { run, at: "2" }))).toMatchObject({ state: "waiting" });
  });

  test("a delegated run, with the step of its parent", async () => {
    const { made, state } = await ran("calls side by side, with a stage and a delegation");
    const refused = await codeOf(fork(made.world, { run: `${state.run}_3`, at: "1" }));
    expect(refused).toMatchObject({
      code: "run.delegated",
      next: `nanos trace fork ${state.run} --at ${state.run}.3`,
    });
  });

  test("with an agent, where one call is all it is", async () => {
    const made = lab({ tools: [READ] });
    const { run } = await ended(
      begin(made.world, { text: "read" }, { tool: "read", args: { n: 1 } }),
    );
    expect((await codeOf(fork(made.world, { run, at: "1", agent: "oracle" })))?.code).toBe(
      "fork.agent",
    );
    expect(await ended(fork(made.world, { run, at: "1" }))).toMatchObject({
      ended: { text: "read 1" },
    });
  });

  test("in its middle with an agent that is a program, or in a copy of a repository", async () => {
    const agents = [
      { manifest: { name: "oracle" } },
      { manifest: { name: "program", kind: "process" as const } },
      { manifest: { name: "coder", isolation: "worktree" as const } },
    ];
    const turns = [{ calls: [{ name: "read", args: { n: 1 } }] }, { say: "ok" }];
    const made = lab({ tools: [READ], agents, script: { turns } });
    const { run } = await ended(begin(made.world, { text: "go" }));
    const forked = (agent: string): Promise<string | undefined> =>
      codeOf(fork(made.world, { run, at: "3", agent })).then((error) => error?.code);
    expect(await forked("program")).toBe("fork.agent");
    expect(await forked("coder")).toBe("fork.tree");
  });

  test("with more rules than there may be", async () => {
    const { made, state } = await ran(world);
    Object.assign(made.facts, { rules: Array.from({ length: LIMITS.rules }, () => NO_READ) });
    await inFolder(async (dir) => {
      const rules = join(dir, "rules.yaml");
      writeFileSync(rules, RULES);
      const refused = await codeOf(fork(made.world, { run: state.run, at: "3", rules }));
      expect(refused?.code).toBe("fork.rules");
    });
  });
});
