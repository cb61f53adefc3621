import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Person } from "./support/nanos.ts";
import { person } from "./support/nanos.ts";

/** Undo in two processes at once: one of them has its way, and no line is lost. */

async function append(me: Person, text: string): Promise<{ code: number | null; run: string }> {
  const args = JSON.stringify({ note: "inbox", text });
  const { code, err } = await me.nanos("tool", "call", "notes_append", args);
  return { code, run: /trace show (\w+)/u.exec(err)?.[1] ?? "" };
}

test("two undos of the same, and an undo beside a step that writes, at once", async () => {
  using me = person();
  await me.nanos("init", "--from", "indie-developer");
  const inbox = join(me.userHome, "notes", "inbox.md");
  const before = readFileSync(inbox, "utf8");
  const first = await append(me, "milk");
  expect(readFileSync(inbox, "utf8")).toContain("milk");
  const both = await Promise.all([me.nanos("undo", first.run), me.nanos("undo", first.run)]);
  expect(both.map(({ code }) => code).filter((code) => code === 0)).toHaveLength(1);
  expect(both.map(({ err }) => err).join("")).toMatch(/as it was before|undo\.nothing/u);
  expect(readFileSync(inbox, "utf8")).toBe(before);

  const second = await append(me, "bread");
  const [undone, wrote] = await Promise.all([me.nanos("undo", second.run), append(me, "tea")]);
  const now = readFileSync(inbox, "utf8");
  expect([wrote.code, now.includes("tea")]).toEqual([0, true]);
  // Either it was taken back before the other wrote, or it was refused, as the file was another by then.
  expect(now.includes("bread")).toBe(undone.code !== 0);
  expect((await me.nanos("trace", "verify")).code).toBe(0);
}, 120_000);

test("all an undo would write over is shown before it is, and cannot move the screen", async () => {
  using me = person();
  await me.nanos("init", "--from", "indie-developer");
  const inbox = join(me.userHome, "notes", "inbox.md");
  writeFileSync(inbox, "\u001b[2Jred\u202e\n");
  const { run } = await append(me, "milk \u202egnp.exe");
  const shown = await me.nanos("undo", run);
  expect([shown.code, shown.err]).toEqual([0, expect.stringContaining("milk")]);
  expect(shown.err).toContain("changes back");
  for (const sign of ["\u001b", "\u202e"]) expect(`${shown.err}${shown.out}`).not.toContain(sign);
}, 60_000);
