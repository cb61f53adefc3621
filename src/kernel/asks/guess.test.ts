import { expect, test } from "bun:test";
import type { Route } from "../../contracts/rules.ts";
import { begin, resume } from "../runner.ts";
import { lab } from "../testing/lab.ts";
import { answerAsk, listAsks } from "../desk/approvals.ts";

/** A route that is not sure waits for the operator, and never guesses. */

const route = (id: string, match: string, confidence?: number): Route => ({
  ...{ id, match, say: `from ${id}`, example: "", counter: "" },
  ...(confidence === undefined ? {} : { confidence }),
});

async function came(routes: readonly Route[], yes: boolean | null): Promise<readonly unknown[]> {
  const made = lab({ agents: [{ manifest: { name: "oracle" } }], routes });
  const { run, done } = await begin(made.world, { text: "book the train" });
  const first = await done;
  if (first.state !== "waiting") return [first.state === "ended" && first.ended.text];
  const [ask] = listAsks(made.world);
  const judged = [...made.journal.chain(run)].map(({ body }) => body);
  const reason = judged.flatMap((body) =>
    body?.kind === "action.judged" ? [body.decision.reason] : [],
  )[0];
  if (ask === undefined || yes === null) return [reason];
  await answerAsk(made.world, ask, { verdict: yes ? "allow" : "deny", reach: "once" }, "operator");
  const end = await (await resume(made.world, run, {})).done;
  return [reason, end.state === "ended" && (end.ended.failure?.code ?? end.ended.text)];
}

test("little confidence and two that are about as sure are asked about; what is sure is done", async () => {
  expect(await came([route("train", "train", 0.9)], null)).toEqual(["from train"]);
  expect(await came([route("train", "train")], null)).toEqual(["from train"]);
  expect(await came([route("train", "train", 0.84)], null)).toEqual(["ask:low_confidence"]);
  const near = [route("train", "train", 0.95), route("book", "book", 0.91)];
  expect(await came(near, null)).toEqual(["ask:ambiguous"]);
  expect(await came([route("train", "train", 0.95), route("book", "book", 0.9)], null)).toEqual([
    "from train",
  ]);
  expect(await came(near, true)).toEqual(["ask:ambiguous", "from train"]);
  expect(await came(near, false)).toEqual(["ask:ambiguous", "run.denied"]);
});
