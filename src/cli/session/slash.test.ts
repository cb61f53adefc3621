import { afterEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Nanos, RunRequest } from "../../contracts/nanos.ts";
import { scriptedHouse } from "../testing/scripted-nanos.ts";
import { Conversation } from "./conversation.ts";
import { completeWord } from "./slash.ts";

const folders: string[] = [];
afterEach(() => {
  for (const one of folders.splice(0)) rmSync(one, { recursive: true });
});

/** A home with two agents, a skill's command, and a workspace with a folder of notes. */
async function opened(): Promise<Nanos> {
  const workspace = mkdtempSync(join(tmpdir(), "nanos-slash-"));
  folders.push(workspace);
  mkdirSync(join(workspace, "reports"));
  writeFileSync(join(workspace, "reports", "may.md"), "");
  return scriptedHouse({ home: "/h", workspace, plays: {} }).openNanos({});
}

const cases: [typed: string, offered: readonly string[], missing?: readonly string[]][] = [
  ["/mo", ["/model"]],
  // What a skill brings stands with the session's own.
  ["/to", ["/tools", "/today"]],
  ["/model ", ["rules"]],
  ["/why ", []],
  ["@", ["@oracle", "@research", "@reports/"]],
  ["@re", ["@research", "@reports/"]],
  // Who is spoken to is said first; later a name can only be a file.
  ["look at @re", ["@reports/"]],
  ["look at @reports/", ["@reports/may.md"]],
  ["@research", []],
  ["plain words", []],
];
for (const [typed, offered] of cases) {
  test(`Tab after ${JSON.stringify(typed)} offers ${offered.join(" ") || "nothing"}`, async () => {
    const words = (await completeWord(await opened(), typed)).map(({ word }) => word);
    expect(words).toEqual([...offered]);
  });
}

const said: [line: string, text: string, agent: string | undefined][] = [
  ["@research what is new", "what is new", "research"],
  ["@research first line\nand second", "first line\nand second", "research"],
  ["what is @research", "what is @research", undefined],
  ["@reports/may.md is what I mean", "@reports/may.md is what I mean", undefined],
  ["@research", "@research", undefined],
];
for (const [line, text, agent] of said) {
  test(`${JSON.stringify(line)} is said to ${agent ?? "the oracle"}`, async () => {
    const asked: RunRequest[] = [];
    const nanos = await opened();
    const run: Nanos["run"] = async (request) => {
      asked.push(request);
      return { run: "r1", done: new Promise(() => undefined), cancel: () => undefined };
    };
    await new Conversation({ ...nanos, run }, undefined).begin(line, {});
    expect(asked.map((one) => [one.text, one.agent])).toEqual([[text, agent]]);
  });
}
