import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addOracle, addTool, useScript } from "./support/hand.ts";
import { lastLine, type Person, person, type Result } from "./support/nanos.ts";

interface Line {
  readonly run: string;
  readonly state: string;
  readonly outcome: string | null;
}

async function runs(me: Person): Promise<readonly Line[]> {
  return JSON.parse((await me.nanos("trace", "list", "--json")).out) as Line[];
}

async function verifies(me: Person): Promise<void> {
  const verified = await me.nanos("trace", "verify");
  expect({ code: verified.code, out: verified.out }).toMatchObject({ code: 0 });
}

test("four runs at once write the same note: each succeeds, no line is lost", async () => {
  using me = person();
  await me.nanos("init", "--from", "indie-developer");
  const texts = ["alpha", "beta", "gamma", "delta"];
  const all = await Promise.all(
    texts.map((text) => me.nanos("run", `add ${text} line to the note shared`, "--json")),
  );
  for (const result of all) {
    expect({ code: result.code, err: result.err }).toMatchObject({ code: 0, err: "" });
    expect(lastLine(result)).toMatchObject({ kind: "run.ended", outcome: "succeeded" });
  }
  const note = readFileSync(join(me.userHome, "notes", "shared.md"), "utf8");
  for (const text of texts) expect(note.split(`${text} line`).length - 1).toBe(1);
  expect((await runs(me)).map(({ outcome }) => outcome)).toEqual(Array(4).fill("succeeded"));
  await verifies(me);
  for (const { run } of await runs(me)) {
    expect((await me.nanos("trace", "replay", run)).code).toBe(0);
  }
}, 60_000);

test("four first runs at once on an empty home set it up once", async () => {
  using me = person();
  const all = await Promise.all(
    Array.from({ length: 4 }, () => me.nanos("run", "list my notes", "--yes")),
  );
  for (const { code, err } of all) expect({ code, err }).toMatchObject({ code: 0 });
  await verifies(me);
  const shown = readFileSync(join(me.userHome, ".nano-os", "arrangement.yaml"), "utf8");
  expect(shown).toContain("name: indie-developer");
}, 60_000);

test("a run that hangs is stopped from another process", async () => {
  using me = person();
  await me.nanos("init", "--from", "indie-developer");
  await useScript(me, [{ say: "One two three four.", chunk: 4, delayMs: 20_000 }]);
  const hanging = me.begin(["run", "hang", "--json"]);
  await hanging.until("action.judged");
  const [line] = await runs(me);
  expect(line).toMatchObject({ state: "running", outcome: null });
  const run = line?.run ?? "";
  // Nobody else may carry it meanwhile.
  const resumed = await me.nanos("resume", run);
  expect({ code: resumed.code, err: resumed.err }).toMatchObject({ code: 1 });
  expect(resumed.err).toContain("run.busy");
  expect((await me.nanos("cancel", run)).code).toBe(0);
  const ended = await hanging.ended;
  expect(ended.code).toBe(130);
  expect(lastLine(ended)).toMatchObject({ kind: "run.ended", outcome: "cancelled", run });
  expect((await runs(me))[0]).toMatchObject({ run, outcome: "cancelled" });
  await verifies(me);
}, 60_000);

test("a tool that hangs is stopped from another process, and its processes with it", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  addTool(
    me,
    "sleeper",
    "return await new Promise<string>(() => setInterval(() => undefined, 1_000));",
  );
  const hanging = me.begin(["tool", "call", "sleeper", "{}"]);
  const run = await newest(me, ({ state }) => state === "running");
  expect((await me.nanos("cancel", run)).code).toBe(0);
  expect((await hanging.ended).code).toBe(130);
  await verifies(me);
}, 60_000);

test("cancelling what is over or was never there says so", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  await me.nanos("run", "echo hi");
  const [line] = await runs(me);
  const over = await me.nanos("cancel", line?.run ?? "");
  expect([0, 2]).toContain(over.code ?? -1);
  expect(`${over.out}${over.err}`).toMatch(/ended|over|succeeded/iu);
  expect((await me.nanos("cancel", "r0")).code).toBe(2);
  expect((await runs(me))[0]).toMatchObject({ outcome: "succeeded" });
}, 60_000);

test("an answer from another process wakes a run whose operator does not answer", async () => {
  for (const [verb, came] of [
    ["approve", "came to ended succeeded"],
    ["deny", "came to ended degraded"],
  ] as const) {
    using me = person();
    await me.nanos("init", "--from", "indie-developer");
    addTool(me, "write_down", 'return "wrote " + text;');
    addOracle(me, ["file-organiser", "write-down"]);
    await useScript(me, [
      { calls: [{ name: "write_down", args: { text: "this" } }] },
      { say: "Over." },
    ]);
    const file = join(import.meta.dirname, "support", "attended-run.ts");
    const flags = [
      "--config=/dev/null",
      "--no-env-file",
      "--no-install",
      "--tsconfig-override=/dev/null",
    ];
    const waiting = me.begin(["write it"], { command: [process.execPath, ...flags, file] });
    await waiting.until("ask a");
    const [, ask = "", run = ""] = /ask (\S+) of (\S+)/u.exec(waiting.text()) ?? [];
    const listed = JSON.parse((await me.nanos("approvals", "list", "--json")).out) as {
      id: string;
    }[];
    expect(listed.map(({ id }) => id)).toEqual([ask]);
    expect((await me.nanos("approvals", verb, ask)).code).toBe(0);
    const { code, out, err }: Result = await waiting.ended;
    expect({ verb, code, out, err }).toMatchObject({ verb, code: 0 });
    expect(out).toContain(came);
    expect(JSON.parse((await me.nanos("approvals", "list", "--json")).out)).toEqual([]);
    expect((await me.nanos("trace", "replay", run)).code).toBe(0);
    await verifies(me);
  }
}, 60_000);

test("an answer somebody forged is no answer", async () => {
  using me = person();
  await me.nanos("init", "--from", "indie-developer");
  await me.nanos("model", "use", "recorded");
  const waiting = await me.nanos(
    "run",
    "What's new in the React 19 RC, and update the dashboard notes",
  );
  expect(waiting.code).toBe(3);
  const [ask] = JSON.parse((await me.nanos("approvals", "list", "--json")).out) as {
    id: string;
    run: string;
  }[];
  await me.nanos("approvals", "approve", ask?.id ?? "");
  // Another key than the one the answer was signed with: somebody else's yes.
  const key = join(me.userHome, ".nano-os", "machine", "operator.key");
  using other = person();
  await other.nanos("init", "--from", "indie-developer");
  await other.nanos("model", "use", "recorded");
  await other.nanos("run", "What's new in the React 19 RC, and update the dashboard notes");
  const [theirs] = JSON.parse((await other.nanos("approvals", "list", "--json")).out) as {
    id: string;
  }[];
  await other.nanos("approvals", "approve", theirs?.id ?? "");
  writeFileSync(key, readFileSync(join(other.userHome, ".nano-os", "machine", "operator.key")));
  const [line] = await runs(me);
  const resumed = await me.nanos("resume", line?.run ?? "");
  expect({ code: resumed.code, out: resumed.out, err: resumed.err }).not.toMatchObject({ code: 0 });
  const trace = (await me.nanos("trace", "show", line?.run ?? "", "--json")).out;
  expect(trace).not.toContain("approval.used");
}, 60_000);

/** The newest run, once it is as it should be. */
async function newest(me: Person, is: (line: Line) => boolean): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const [line] = await runs(me);
    if (line && is(line)) return line.run;
  }
  throw new Error("no such run came");
}
