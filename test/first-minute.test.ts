import { expect, test } from "bun:test";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { person } from "./support/nanos.ts";

test("one sentence on a fresh machine changes real notes, in the sandbox, with no model", async () => {
  using me = person();
  const first = await me.nanos("run", "tidy today's notes", "--yes");
  expect(first.err).not.toContain("error");
  expect(first.code).toBe(0);
  const notes = readdirSync(join(me.userHome, "notes"));
  const today = notes.find((name) => /^\d{4}-\d{2}-\d{2}\.md$/u.test(name));
  expect(today).toBeDefined();
  expect(`${first.out}${first.err}`).toContain(`notes/${today}`);
  expect(readFileSync(join(me.userHome, "notes", today ?? ""), "utf8")).not.toMatch(/[ \t]+$/mu);

  const list = await me.nanos("trace", "list", "--json");
  const [line] = JSON.parse(list.out) as { run: string; outcome: string }[];
  expect(line).toMatchObject({ outcome: "succeeded" });
  const run = line?.run ?? "";
  expect((await me.nanos("trace", "verify")).code).toBe(0);
  expect((await me.nanos("trace", "replay", run)).code).toBe(0);
  const shown = await me.nanos("trace", "show", run);
  expect(shown.out).toContain("notes_tidy");
  const trace = JSON.parse((await me.nanos("trace", "show", run, "--json")).out) as {
    steps: { kind: string; isolation: string | null; decision: { rank: string } }[];
  };
  const tool = trace.steps.find(({ kind }) => kind === "tool");
  expect(["bwrap", "landlock"]).toContain(tool?.isolation ?? "none");
  expect(existsSync(join(me.userHome, ".nano-os", "machine", "journal"))).toBe(true);
}, 60_000);

test("without a terminal and without --yes an empty home says what to do", async () => {
  using me = person();
  const result = await me.nanos("run", "hello");
  expect(result.code).toBe(2);
  expect(result.err).toContain("nanos init");
  expect(existsSync(join(me.userHome, "notes"))).toBe(false);
}, 60_000);
