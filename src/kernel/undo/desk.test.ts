import { expect, test } from "bun:test";
import { sha256 } from "../../std/hash.ts";
import { NanosError } from "../../std/error.ts";
import type { Draft } from "../../contracts/event.ts";
import { ran, WORLDS } from "../drive/fork.fixtures.ts";
import { ended, lab } from "../testing/lab.ts";
import { begin } from "../runner.ts";
import { writtenBelow } from "../views/written.ts";
import { undoDesk } from "./desk.ts";

async function codeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
    return "";
  } catch (error) {
    return error instanceof NanosError ? error.code : String(error);
  }
}

test("what left the files of this machine is listed, and by the step it can be asked for", async () => {
  const { made, state } = await ran("what a tool asks back for");
  const desk = undoDesk(made.world);
  const { outward } = desk.plan(state.run);
  expect(outward.map(({ step, kind, name }) => [step, kind, name])).toEqual([
    [`${state.run}.2`, "tool", "get"],
    [`${state.run}.2.1`, "fetch", "get"],
  ]);
  expect(desk.plan(`${state.run}.1`).outward).toEqual([]);
  expect(desk.plan(`${state.run}.2`).outward).toHaveLength(2);
});

test("there is nothing to undo of what wrote nothing, and of what is not there", async () => {
  const { made, state } = await ran("only words");
  const desk = undoDesk(made.world);
  expect(await codeOf(desk.run(state.run))).toBe("undo.nothing");
  expect(await codeOf(desk.run("r0"))).toBe("run.unknown");
  expect(await codeOf(desk.run(`${state.run}.9`))).toBe("step.unknown");
});

test("what is not kept is not undone, and files that change after the look stay", async () => {
  const { made, state } = await ran("only words");
  const file = { path: "/ws/a", kind: "deleted", before: "1", after: null, bytes: 0 } as const;
  const desk = (of: "unkept" | "ready"): ReturnType<typeof undoDesk> =>
    undoDesk({
      ...made.world,
      tools: {
        ...made.tools,
        undoing: () => ({ files: [{ ...file, state: of }], written: [] }),
        takeBack: async () => ({
          ...{ changes: [], diff: "another", contents: () => [], unkept: () => [] },
          ...{ commit: async () => null, discard: async () => undefined },
        }),
      },
    });
  expect(await codeOf(desk("unkept").run(state.run))).toBe("undo.unkept");
  expect(await ended(desk("ready").run(state.run))).toMatchObject({
    ended: { outcome: "failed", failure: { code: "undo.changed" } },
  });
});

test("commits are found by the call, by themselves and by the run, delegated ones too", async () => {
  const world = "calls side by side, with a stage and a delegation";
  const seen: string[][] = [];
  const made = lab(WORLDS[world]?.setup);
  const { run } = await ended(begin(made.world, { text: "go" }));
  const tools = {
    ...made.tools,
    undoing: (commits: readonly { step: string }[]) => {
      seen.push(commits.map(({ step }) => step));
      return { files: [], written: [] };
    },
  };
  const desk = undoDesk({ ...made.world, tools });
  for (const each of [run, `${run}.4`, `${run}.6`, `${run}.2`]) desk.plan(each);
  expect(seen).toEqual([[`${run}.4`], [`${run}.4`], [`${run}.4`], []]);
});

test("a file that is back is whose it was: a run's again, or the operator's own", async () => {
  const { journal } = lab();
  const label = (integrity: "operator" | "untrusted"): Draft["label"] => ({
    ...{ integrity, secrecy: "public", sources: [] },
  });
  const wrote = (before: string | null, after: string, by: Draft["label"]): Draft => ({
    ...{ run: "r1", step: "r1.1", actor: "kernel", policy: null, isolation: "host", label: by },
    body: {
      ...{ kind: "action.settled", ms: 0 },
      outcome: {
        ...{ status: "done", output: null },
        files: [
          {
            ...{ path: "/ws/a", kind: "modified", bytes: 1 },
            ...{ before: before === null ? null : sha256(before), after: sha256(after) },
          },
        ],
      },
    },
  });
  const now = (): readonly string[] =>
    (writtenBelow(journal, ["/ws"]) ?? []).map(({ label: { integrity } }) => integrity);
  await journal.append([wrote("mine", "theirs", label("untrusted"))]);
  await journal.append([wrote("theirs", "own", label("operator"))]);
  expect(now()).toEqual(["operator"]);
  await journal.append([wrote("own", "theirs", null)]);
  expect(now()).toEqual(["untrusted"]);
  await journal.append([wrote("theirs", "mine", null)]);
  expect(now()).toEqual([]);
});
