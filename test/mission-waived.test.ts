import { expect, test } from "bun:test";
import { cameTo } from "../src/evolution/mission.ts";
import { answerAsk, listAsks } from "../src/kernel/desk/approvals.ts";
import { resume } from "../src/kernel/runner.ts";
import { NanosError } from "../src/std/error.ts";
import { Plan } from "../src/contracts/plan.ts";
import {
  type Followed,
  followPlan,
  seenOf,
  type Written,
} from "../src/missions/testing/mission-lab.ts";
import { waive } from "../src/missions/waived.ts";

/** Checks that the operator lets go after the mission began. */

const TASK = {
  id: "a",
  tool: "say",
  args: {},
  rank: "A",
  checks: [{ id: "long", contains: "more" }],
};
const PLAN: Written = {
  tasks: [{ id: "first", tool: "say", args: {}, checks: [{ id: "long", contains: "more" }] }, TASK],
};
const SETUP = { tools: [{ name: "say", run: () => "said" }] };
const plan = (written: Written): Plan =>
  Plan.parse({ name: "demo", description: "A demo.", ...written });

async function goOn({ made, run }: Followed): Promise<Followed> {
  for (const ask of listAsks(made.world)) {
    await answerAsk(made.world, ask, { verdict: "allow", reach: "once" }, "operator@test");
  }
  return seenOf(made, run, await (await resume(made.world, run, {})).done);
}

test("what is let go while it waits is waived, on record, and proves nothing", async () => {
  const one = { tasks: [TASK] };
  const seen = await followPlan(SETUP, one);
  await waive(seen.made.world, seen.run, { plan: plan(one), check: "a.long", because: "by hand" });
  const after = await goOn(seen);
  expect(after.tasks["a"]).toMatchObject({
    status: "succeeded",
    checks: [{ id: "long", status: "waived", why: "by hand" }],
  });
  const said = { task: "a", check: "long", because: "by hand", by: "operator@terminal" };
  expect(after.bodies).toContainEqual({ kind: "check.waived", run: seen.run, ...said });
  expect(cameTo(seen.made.journal.chain(seen.run))).toEqual({ counts: "nothing", why: "unproven" });
});

test("nothing of it reaches another mission, or one that nobody let go", async () => {
  const one = { tasks: [TASK] };
  const seen = await followPlan(SETUP, one);
  await waive(seen.made.world, "r0", { plan: plan(one), check: "a.long", because: "by hand" });
  expect((await goOn(seen)).tasks["a"]?.status).toBe("failed");
});

test("an output that was judged already is not looked at again", async () => {
  const seen = await followPlan(SETUP, PLAN);
  const { made, run } = seen;
  const before = [...made.journal.chain(run)].length;
  expect(seen.tasks["first"]?.status).toBe("failed");
  await made.journal.append([
    {
      ...{ run: "home", step: null, actor: "operator", policy: null, isolation: null, label: null },
      body: {
        ...{ kind: "check.waived", run, task: "first", check: "long", because: "late" },
        by: "operator@test",
      },
    },
  ]);
  const after = await goOn(seen);
  expect(after.tasks["first"]?.checks).toMatchObject([{ status: "missed" }]);
  expect([...made.journal.chain(run)].length).toBeGreaterThan(before);
});

const REFUSED: readonly (readonly [what: string, check: string, because: string, says: RegExp])[] =
  [
    ["a check there is not", "a.longer", "so", /no check a\.longer/u],
    ["no reason", "a.long", "  ", /Nothing says why/u],
    ["a task that is over", "first.long", "so", /has come to its end/u],
  ];
for (const [what, check, because, says] of REFUSED) {
  test(`not ${what}`, async () => {
    const { made, run } = await followPlan(SETUP, PLAN);
    const size = made.journal.size();
    const error: unknown = await waive(made.world, run, {
      ...{ plan: plan(PLAN), check, because },
    }).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(NanosError);
    expect([(error as NanosError).code, made.journal.size()]).toEqual(["mission.waive", size]);
    expect((error as NanosError).message).toMatch(says);
  });
}
