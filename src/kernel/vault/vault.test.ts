import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NanosError } from "../../std/error.ts";
import { hashOf, sha256 } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import type { AgentManifest } from "../../contracts/agent.ts";
import type { Draft, EventBody } from "../../contracts/event.ts";
import { openVault } from "../../vault/vault.ts";
import { traceDesk } from "../desk/traces.ts";
import { replay } from "../drive/replay.ts";
import { begin } from "../runner.ts";
import { type Lab, ended, lab } from "../testing/lab.ts";
import { traceOf } from "../views/trace.ts";
import { artifactDesk } from "./desk.ts";

type Given = { readonly title?: unknown; readonly content?: unknown; readonly type?: unknown };

/** A run whose agent keeps these, one after the other. */
function keeping(all: readonly Given[], manifest: Partial<AgentManifest> = {}): Lab {
  const turns = all.map((args) => ({ calls: [{ name: "artifact", args: args as never }] }));
  const agent = { name: "oracle", tools: ["artifact"], ...manifest };
  return lab({ agents: [{ manifest: agent }], script: { turns: [...turns, { say: "kept" }] } });
}

async function run(made: Lab): Promise<string> {
  const state = await ended(begin(made.world, { text: "go" }));
  expect(await replay(made.journal, made.world.recall, state.run)).toMatchObject({ ok: true });
  return state.run;
}

async function codeOf(act: () => unknown): Promise<string> {
  try {
    await act();
    return "";
  } catch (error) {
    return error instanceof NanosError ? error.code : String(error);
  }
}

async function inFolder(act: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "nanos-artifacts-"));
  try {
    await act(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const REPORT = { title: "Report", type: "report" };

test("the same title is the next version, and what is new in it is shown", async () => {
  const made = keeping([
    { ...REPORT, content: "one\n" },
    { ...REPORT, content: "one\ntwo\n" },
    { title: "Other", content: "x" },
  ]);
  const id = await run(made);
  const desk = artifactDesk(made.world);
  expect(desk.list().map(({ title, version, type }) => [title, version, type])).toEqual([
    ["Other", 1, "text"],
    ["Report", 2, "report"],
    ["Report", 1, "report"],
  ]);
  const view = desk.show(`${id}.4`);
  expect(view).toMatchObject({
    ...{ version: 2, previous: `${id}.2`, agent: "oracle", made: "artifact artifact" },
    ...{ status: "pending", flagged: false, review: null, bytes: 8, hash: sha256("one\ntwo\n") },
  });
  expect(view.changes[0]?.lines.filter(({ kind }) => kind === "added")).toEqual([
    { kind: "added", text: "two" },
  ]);
  expect(desk.history(`${id}.2`).map(({ version }) => version)).toEqual([2, 1]);
  expect(Buffer.from(desk.get(`${id}.2`)).toString()).toBe("one\n");
  expect(desk.list({ type: "text" })).toHaveLength(1);
  // Another run's are other artifacts.
  await run(made.again());
  expect(desk.list({ limit: 3 }).map(({ version }) => version)).toEqual([1, 2, 1]);
});

test("a review is of one version, the newest counts, and ranks C and B are flagged", async () => {
  const made = keeping(
    [
      { ...REPORT, content: "one" },
      { ...REPORT, content: "two" },
    ],
    { rank: "C" },
  );
  const id = await run(made);
  const desk = artifactDesk(made.world);
  expect(await desk.review(`${id}.2`, "rejected", "wrong")).toMatchObject({ status: "rejected" });
  expect(desk.list().map(({ status, flagged }) => [status, flagged])).toEqual([
    ["pending", true],
    ["rejected", true],
  ]);
  await desk.review(`${id}.2`, "approved");
  expect(desk.show(`${id}.2`)).toMatchObject({
    ...{ status: "approved", review: { verdict: "approved", by: "operator@terminal" } },
  });
  await desk.review(`${id}.4`, "archived");
  expect(desk.list({ status: "archived" })).toHaveLength(1);
  expect(await codeOf(() => desk.review("r0.1", "approved"))).toBe("artifact.unknown");
  expect(made.journal.verify()).toMatchObject({ ok: true });
});

test("only who is listed is offered it", async () => {
  const made = keeping([{ ...REPORT, content: "one" }], { tools: [] });
  const id = await run(made);
  expect(artifactDesk(made.world).list()).toEqual([]);
  expect(traceOf(made.journal, id).end?.outcome).toBe("degraded");
});

test("what no screen shows as it is, is no title, and what is too large is not kept", async () => {
  const bad = ["", "  ", "a\nb", "\u001b[2Jx", "a\u202eb", "x".repeat(201), "\ud800", 7];
  const all = [
    ...bad.map((title) => ({ title, content: "x" })),
    { content: "x" },
    { title: "a", content: 7 },
    { title: "a", content: "x", type: "virus" },
    { title: "a", content: "x".repeat(LIMITS.artifactBytes + 1) },
  ];
  const made = keeping(all.slice(0, 6));
  await run(made);
  const more = keeping(all.slice(6));
  await run(more);
  for (const { world } of [made, more]) expect(artifactDesk(world).list()).toEqual([]);
});

const settled = (run: string, step: string, body: EventBody): Draft => ({
  ...{ run, step, actor: "kernel", policy: null, isolation: null, label: null, body },
});

test("a run keeps no more than its limit, and a full vault is a failure of the step", async () => {
  const made = keeping([{ ...REPORT, content: "one" }]);
  const artifact = { title: "t", type: "text", hash: sha256("t"), bytes: 1 } as const;
  const outcome = { status: "done", output: null, artifact } as const;
  const handle = await begin(made.world, { text: "go" });
  const id = handle.run;
  // What a run it delegated to kept meanwhile is the run's, too.
  await made.journal.append(
    Array.from({ length: LIMITS.artifactsPerRun }, (_, n) =>
      settled(`${id}_9`, `${id}_9.${n + 1}`, { kind: "action.settled", outcome, ms: 0 }),
    ),
  );
  await handle.done;
  expect(traceOf(made.journal, id).steps[1]?.outcome).toMatchObject({
    failure: { code: "artifact.full" },
  });
  const other = keeping([{ ...REPORT, content: "one" }]);
  const put = (): string => {
    throw new NanosError("vault.full", "The vault cannot grow.", "Free space.");
  };
  const world = { ...other.world, vault: { ...other.world.vault, put } };
  const { run: over } = await ended(begin(world, { text: "go" }));
  expect(traceOf(other.journal, over).steps[1]?.outcome).toMatchObject({
    failure: { code: "vault.full" },
  });
});

test("bytes that were changed or lost are found, and never given out", () =>
  inFolder(async (dir) => {
    const made = keeping([{ ...REPORT, content: "one" }]);
    const vault = openVault(dir);
    const world = {
      ...made.world,
      vault,
      keep: async (facts: unknown) => vault.put(JSON.stringify(facts)),
    };
    const { run: id } = await ended(begin(world, { text: "go" }));
    const desk = artifactDesk(world);
    const traces = traceDesk({ ...world, vault, dir: null });
    expect(traces.verify(id)).toMatchObject({ ok: true });
    const hash = sha256("one");
    const file = join(dir, hash.slice(0, 2), hash);
    writeFileSync(file, "two");
    expect(await codeOf(() => desk.get(`${id}.2`))).toBe("vault.tampered");
    expect(traces.verify(id).bad).toContain(hash);
    rmSync(file);
    expect(await codeOf(() => desk.show(`${id}.2`))).toBe("artifact.gone");
    expect(traces.verify(id).bad).toContain(`${id}.2`);
  }));

test("the output of a task that has a title is an artifact of its mission", async () => {
  const made = lab();
  const output = { b: 1, a: [true] };
  const usage = { input: 0, output: 0, cached: 0, cost: 0, turns: 0, calls: 0, ms: 0 };
  await made.journal.append([
    settled("r1", "r1.3", { kind: "action.settled", outcome: { status: "done", output }, ms: 0 }),
    settled(
      "r1",
      null as never,
      {
        ...{
          kind: "task.ended",
          task: "a",
          status: "succeeded",
          from: "r1.3",
          output: hashOf(output),
        },
        ...{ checks: [], recovery: [], usage, artifact: { title: "Numbers", type: "data" } },
      } as EventBody,
    ),
  ]);
  const desk = artifactDesk(made.world);
  expect(desk.list()).toMatchObject([{ id: "r1.3", run: "r1", title: "Numbers", version: 1 }]);
  expect(JSON.parse(Buffer.from(desk.get("r1.3")).toString())).toEqual(output);
});

test("an export writes plain names into a new folder, whatever the titles are", () =>
  inFolder(async (dir) => {
    const titles = ["../../etc/passwd", "Übersicht: Ümlaute / Größe", "报告", "CON", "报告 2"];
    const made = keeping(titles.map((title) => ({ title, content: title })));
    const id = await run(made);
    const desk = artifactDesk(made.world);
    await desk.review(`${id}.8`, "rejected");
    const out = join(dir, "out");
    const files = await desk.export(out, id);
    expect(readdirSync(out).toSorted()).toEqual([...files].toSorted());
    expect(files.every((name) => /^[a-z0-9-]+-v1\.txt$|^artifacts\.json$/u.test(name))).toBe(true);
    expect(readdirSync(dir)).toEqual(["out"]);
    const { artifacts } = JSON.parse(readFileSync(join(out, "artifacts.json"), "utf8"));
    expect(artifacts).toHaveLength(titles.length - 1);
    for (const { file, title, hash } of artifacts) {
      expect(readFileSync(join(out, file), "utf8")).toBe(title);
      expect(sha256(title)).toBe(hash);
    }
    mkdirSync(join(dir, "there"));
    expect(await codeOf(() => desk.export(join(dir, "there")))).toBe("artifact.export");
    expect(await codeOf(() => desk.export(join(dir, "new"), "r0"))).toBe("artifact.none");
  }));

test("any two versions are compared, and what is no text by its size and hash", async () => {
  const long = "x".repeat(LIMITS.seenFileBytes + 1);
  const made = keeping([
    { ...REPORT, content: "one\n" },
    { ...REPORT, content: "one\ntwo\n" },
    { ...REPORT, content: long },
  ]);
  const id = await run(made);
  const desk = artifactDesk(made.world);
  const [third, second, first] = desk.list({ run: id }).map((one) => one.id);
  const kindsOf = (of = "", from?: string): readonly string[] =>
    desk
      .diff(of, from)
      .changes.flatMap(({ lines }) => lines.map(({ kind, text }) => `${kind} ${text}`));
  expect(kindsOf(second)).toEqual(["same one", "added two"]);
  expect(kindsOf(first, second)).toEqual(["same one", "removed two"]);
  expect(desk.diff(first ?? "")).toMatchObject({ from: null, to: { version: 1 } });
  const [change] = desk.diff(third ?? "", first).changes;
  if (change?.note === undefined) throw new Error("it was read as text");
  expect(change.note).toContain(`then ${long.length} bytes (sha256 ${sha256(long).slice(0, 12)})`);
  expect(await codeOf(() => desk.diff("r0.1"))).toBe("artifact.unknown");
  expect(await codeOf(() => desk.diff(first ?? "", "r0.1"))).toBe("artifact.unknown");
});
