import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { addOracle, useScript } from "./support/hand.ts";
import { openScreen } from "./support/screen.ts";
import { type Person, person, type Running } from "./support/nanos.ts";

setDefaultTimeout(120_000);

/** Skills that answer events by themselves, while `nanos watch` goes on. */

const TOOL = `import { tool, z } from "nanos/tool";
import * as fs from "node:fs";
import { join } from "node:path";
export default tool({ name: "log_append", description: "Appends.",
  scopes: ["read:./inbox", "write:./log", "write:./inbox"],
  input: z.object({ text: z.string(), into: z.string().default("log/all.txt") }),
  run: async ({ text, into }, ctx) => {
    const file = ctx.path(into);
    fs.mkdirSync(join(file, ".."), { recursive: true });
    fs.appendFileSync(file, text + "\\n");
    return "kept";
  } });
`;

interface On {
  readonly on: string;
  readonly run: string;
  readonly [key: string]: unknown;
}

/** A machine with a skill of these subscriptions; granted, unless it is said otherwise. */
async function machine(events: readonly On[], granted = true): Promise<Person> {
  const me = person();
  await me.nanos("init", "--from", "toy");
  const manifest = {
    scopes: ["read:./inbox", "write:./log", "write:./inbox"],
    commands: { tell: { description: "Tells.", prompt: "Tell me of $ARGS" } },
    events,
  };
  const files = {
    "SKILL.md": "---\nname: log\ndescription: Keeps a log.\n---\nx\n",
    "nanos.yaml": JSON.stringify(manifest),
    "tools/append.ts": TOOL,
  };
  for (const [path, text] of Object.entries(files)) {
    const file = join(me.userHome, "in/log", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const done = await me.nanos("skill", "install", join(me.userHome, "in/log"), "--yes");
  expect({ code: done.code, err: done.code === 0 ? "" : done.err }).toEqual({ code: 0, err: "" });
  addOracle(me, ["log"]);
  for (const folder of ["inbox", "log", "other"]) mkdirSync(join(me.userHome, folder));
  if (granted) await me.nanos("grant", "add", "log", "--yes");
  return me;
}

async function stop(watching: Running): Promise<void> {
  watching.kill("SIGINT");
  expect((await watching.ended).code).toBe(0);
}

const APPENDS = { on: "file.changed", paths: ["inbox/**/*.md"], run: "tool:log_append" };

test("a server answers as well, unless another process does", async () => {
  using me = await machine([{ ...APPENDS, args: { text: "saw {what}" } }]);
  const serving = me.begin(["serve", "--port", "0"]);
  await serving.until('"state":"listening"');
  const second = me.begin(["serve", "--port", "0"]);
  await second.until("nothing begins by itself here");
  writeFileSync(join(me.userHome, "inbox/a.md"), "x");
  await serving.until('"outcome":"succeeded"');
  await Promise.all([stop(serving), stop(second)]);
});

describe("a file that changed", () => {
  test("is answered by the skill's own tool, with no agent, on the record", async () => {
    using me = await machine([{ ...APPENDS, args: { text: "saw {what}" } }]);
    const watching = me.begin(["watch"]);
    await watching.until("listening log#1");
    writeFileSync(join(me.userHome, "other/a.md"), "x");
    writeFileSync(join(me.userHome, "inbox/a.txt"), "x");
    mkdirSync(join(me.userHome, "inbox/deep"));
    writeFileSync(join(me.userHome, "inbox/a.md"), "x");
    await watching.until("succeeded log#1  inbox/a.md");
    expect(readFileSync(join(me.userHome, "log/all.txt"), "utf8")).toBe("saw inbox/a.md\n");
    await stop(watching);

    const [run, ...others] = JSON.parse((await me.nanos("trace", "list", "--json")).out) as {
      run: string;
      agent: string;
    }[];
    expect([run?.agent, others]).toEqual(["skill:log", []]);
    await me.nanos("trace", "export", run?.run ?? "", "out.jsonl");
    const started = readFileSync(join(me.userHome, "out.jsonl"), "utf8").split("\n", 1)[0] ?? "";
    expect(started).toContain('"id":"log#1"');
    expect(started).toContain('"said":""');
    expect((await me.nanos("trace", "replay", run?.run ?? "")).out).toContain("same");
    expect((await me.nanos("trace", "verify")).code).toBe(0);
    // Nobody watches now.
    writeFileSync(join(me.userHome, "inbox/b.md"), "x");
    expect((await me.nanos("watch", "--list")).out).toContain("file.changed inbox/**/*.md");
    expect(readFileSync(join(me.userHome, "log/all.txt"), "utf8")).toBe("saw inbox/a.md\n");
  });

  test("by its own run is not answered again", async () => {
    const again = { text: "saw {what}", into: "inbox/seen.md" };
    using me = await machine([{ ...APPENDS, args: again }]);
    const watching = me.begin(["watch"]);
    await watching.until("listening log#1");
    writeFileSync(join(me.userHome, "inbox/a.md"), "x");
    await watching.until("not answered log#1  inbox/seen.md  its own run led to it");
    await stop(watching);
    expect(readFileSync(join(me.userHome, "inbox/seen.md"), "utf8")).toBe("saw inbox/a.md\n");
  });
});

test("a time of day begins a command of the skill; Ctrl-C ends what it began", async () => {
  const tell = { on: "schedule.cron", cron: "* * * * * *", run: "command:tell", words: "it" };
  using me = await machine([tell]);
  await useScript(me, [{ when: { last: "^Tell me of it$" }, once: false, say: "told" }]);
  const watching = me.begin(["watch", "--json"]);
  await watching.until('"outcome":"succeeded"');
  await stop(watching);
});

test("the end of somebody else's run is an event; that of its own run is none", async () => {
  const kinds = ["run.ended"];
  using me = await machine([
    { on: "journal", kinds, run: "tool:log_append", args: { text: "{what}" } },
  ]);
  const watching = me.begin(["watch"]);
  await watching.until("listening log#1");
  const ran = await me.nanos("tool", "call", "calculate", '{"expression":"1+1"}', "--json");
  const { run } = JSON.parse(ran.out) as { run: string };
  await watching.until(`succeeded log#1  ${run}`);
  await watching.until("its own run led to it");
  await stop(watching);
  expect(readFileSync(join(me.userHome, "log/all.txt"), "utf8")).toBe(`${run}\n`);
});

describe("nothing is answered", () => {
  test("for a skill nobody said yes to", async () => {
    using me = await machine([APPENDS], false);
    const watched = await me.nanos("watch");
    expect({ code: watched.code, out: watched.out.replaceAll(/\s+/gu, " ") }).toEqual({
      code: 2,
      out: expect.stringContaining("nobody said yes to it as it is: nanos grant add log"),
    });
  });

  test("that lies outside the skill's scopes, or is not the skill's", async () => {
    using me = await machine([
      { ...APPENDS, paths: ["other/*.md"] },
      { ...APPENDS, paths: ["**/*.md"] },
      { ...APPENDS, run: "tool:calculate" },
      { ...APPENDS, run: "agent:none" },
    ]);
    const listed = JSON.parse((await me.nanos("watch", "--list", "--json")).out) as {
      refused: string;
    }[];
    expect(listed.map(({ refused }) => refused)).toEqual([
      "it may not read other",
      "**/*.md does not begin with a folder of the workspace",
      "the skill has no tool calculate",
      "there is no agent none",
    ]);
  });

  test("twice: one process of a home answers", async () => {
    using me = await machine([{ ...APPENDS, args: { text: "x" } }]);
    const watching = me.begin(["watch"]);
    await watching.until("listening log#1");
    const second = await me.nanos("watch");
    expect([second.code, second.err.includes("events.watched")]).toEqual([2, true]);
    await stop(watching);
  });
});

test("a watch that waits uses no processor", async () => {
  using me = await machine([{ ...APPENDS, args: { text: "x" } }]);
  const watching = me.begin(["watch"]);
  await watching.until("listening log#1");
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${watching.pid}/stat`, "utf8").split(") ")[1]?.split(" ");
    return Number(fields?.[11]) + Number(fields?.[12]);
  };
  if (!existsSync(`/proc/${watching.pid}/stat`)) {
    console.log("not available: processor time of a process (/proc)");
  } else {
    await Bun.sleep(1_500);
    const before = ticks();
    await Bun.sleep(1_500);
    expect(ticks() - before).toBeLessThanOrEqual(2);
  }
  await stop(watching);
});

test("a session answers events while it goes on", async () => {
  using me = await machine([{ ...APPENDS, args: { text: "saw {what}" } }]);
  await useScript(me, [{ say: "hello" }]);
  const screen = openScreen(me.userHome, []);
  if (screen === null) {
    console.log("not available: tmux (apt-get install tmux)");
    return;
  }
  await screen.until("listening log#1");
  writeFileSync(join(me.userHome, "inbox/a.md"), "x");
  await screen.until(/succeeded log#1 {2}inbox\/a\.md/u);
  screen.press("C-d");
  expect(await screen.ended()).toBe(0);
  screen.close();
  expect(readFileSync(join(me.userHome, "log/all.txt"), "utf8")).toBe("saw inbox/a.md\n");
});
