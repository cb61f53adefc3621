import { expect, test } from "bun:test";
import type { AskReply, Earlier } from "../../contracts/question.ts";
import { begin } from "../runner.ts";
import type { FunctionTool } from "../testing/function-tools.ts";
import { type Lab, type LabSetup, ended, lab } from "../testing/lab.ts";
import { askDesk } from "./desk.ts";

/** What was said before stands beside a new ask, and answers nothing. */

const SEND: FunctionTool = {
  ...{ name: "send", skill: "web", scopes: ["net:*"], manifest: { args: { url: "destination" } } },
  run: () => "sent",
};
const YES: AskReply = { verdict: "allow", reach: "once" };
const NO: AskReply = { verdict: "deny", reach: "once" };

function labOf(url: string, more: Partial<LabSetup> = {}): Lab {
  const turns = [{ calls: [{ name: "send", args: { url } }] }, { say: "done" }];
  return lab({ tools: [SEND], script: { turns }, traits: ["OPERATOR_FUSION"], ...more });
}

/** What stands beside the newest ask once these were answered so, and one more waits. */
async function check(
  replies: readonly AskReply[],
  expected: Partial<Earlier> | undefined,
  made = labOf("https://a.org/x"),
): Promise<void> {
  for (const reply of replies) {
    await ended(begin(made.world, { text: "go", ask: async () => reply }));
  }
  const state = await ended(begin(made.world, { text: "go" }));
  expect(state.state).toBe("waiting");
  const desk = askDesk(made.world);
  const [ask] = desk.list();
  const view = desk.show(ask?.id ?? "");
  if (expected === undefined) expect(view).not.toHaveProperty("earlier");
  else expect(view.earlier).toMatchObject(expected);
}

test("how often it was yes and no, and what came last", async () => {
  const made = labOf("https://a.org/x");
  const none = { allowed: 0, denied: 0, last: null, alike: [], says: "you were never asked this" };
  await check([], none, made);
  await check(
    [YES, YES, NO],
    {
      ...{ allowed: 2, denied: 1, last: expect.objectContaining({ verdict: "deny" }) },
      // The one from before still waits.
      alike: [expect.any(String)],
      says: expect.stringMatching(
        /^you said yes 2 times and no 1 time, the last time no; 1 more like it waits: \w+$/u,
      ),
    },
    made,
  );
});

test("however often it was yes, the next one waits as it would without", async () => {
  await check(
    Array.from({ length: 12 }, () => YES),
    { allowed: 12, denied: 0 },
  );
});

test("nothing stands there where the trait was off when its run began", () =>
  check([YES], undefined, labOf("https://a.org/x", { traits: [] })));
