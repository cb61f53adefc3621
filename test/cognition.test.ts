import { expect, test } from "bun:test";
import { join } from "node:path";
import { type Came, commandLine } from "../src/cli/testing/command-line.ts";
import type { CognitionStatus, ThoughtLine } from "../src/contracts/cognition.ts";
import { type Person, person } from "./support/nanos.ts";

/** The command line in this process, over the person's real home. */
function nanos(me: Person, ...args: readonly string[]): Promise<Came> {
  return commandLine(["--home", join(me.userHome, ".nano-os"), ...args], {
    script: { home: me.userHome, plays: {} },
    cwd: me.userHome,
    env: { HOME: me.userHome, PATH: process.env["PATH"] ?? "" },
    house: () => import("../src/nanos.ts"),
  });
}

/** What a command says as JSON. */
async function json<T>(me: Person, ...args: readonly string[]): Promise<T> {
  const { code, out, err } = await nanos(me, "cognition", ...args, "--json");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out) as T;
}

/** Exit code and error code of what is refused. */
async function refused(me: Person, ...args: readonly string[]): Promise<string> {
  const { code, err } = await nanos(me, "cognition", ...args);
  return `${code} ${/[a-z]+\.[a-z_]+/u.exec(err)?.[0]}`;
}

test("foretold, settled and scored from the command line, by two processes at once", async () => {
  using me = person();
  await nanos(me, "init", "--from", "toy");
  expect((await nanos(me, "cognition")).out).toContain("Nothing is noted yet");

  const ids: string[] = [];
  for (let i = 0; i < 9; i++) {
    const args = ["predict", `it rains on day ${i}`, "--chance", "90", "--source", "the paper"];
    ids.push((await json<ThoughtLine>(me, ...args)).id);
  }
  for (const id of ids) await json(me, "settle", id, "yes");
  expect((await nanos(me, "cognition", "status")).out).toContain(
    "too few to say: 9 of at least 10",
  );

  // Processes of their own: both note, and only one of two words on the same counts.
  const last = (await json<ThoughtLine>(me, "predict", "and then it stops", "--chance", "60")).id;
  const both = await Promise.all([
    me.nanos("cognition", "settle", last, "yes"),
    me.nanos("cognition", "settle", last, "no"),
  ]);
  expect(both.map(({ code }) => code).toSorted()).toEqual([0, 2]);
  expect(both.map(({ err }) => err).join("")).toContain("thought.settled");
  const status = await json<CognitionStatus>(me, "status");
  expect(status.predictions).toMatchObject({ noted: 10, settled: 10, open: 0 });
  expect((await nanos(me, "cognition", "status")).out).toContain("Brier score");

  expect((await nanos(me, "cognition", "list", "--open")).out).toContain("Nothing is noted");
  expect(await json<readonly ThoughtLine[]>(me, "list", "--limit", "1")).toHaveLength(1);
  const shown = (await nanos(me, "cognition", "show", ids[0] ?? "")).out;
  expect(shown).toMatch(/90% says the paper[^]*it rains on day 0[^]*: yes/u);

  const dry = await nanos(me, "cognition", "forget", ids[0] ?? "", "--dry-run");
  expect(dry.out).toContain("would erase");
  expect((await nanos(me, "cognition", "forget", ids[0] ?? "")).out).toContain("erased");
  expect((await nanos(me, "cognition", "show", ids[0] ?? "")).out).toContain(
    "its words were erased",
  );
  expect(await json<CognitionStatus>(me, "status")).toEqual(status);
  expect((await nanos(me, "trace", "verify")).code).toBe(0);

  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["2 usage.missing", ["predict", "x"]],
    ["2 usage.value", ["predict", "x", "--chance", "101"]],
    ["2 usage.value", ["predict", "x", "--chance", "0.7"]],
    ["2 usage.date", ["predict", "x", "--chance", "1", "--due", "2001-01-01"]],
    ["2 mission.unknown", ["predict", "x", "--chance", "1", "--mission", "r0"]],
    ["2 usage.value", ["settle", last, "maybe"]],
    ["2 usage.value", ["list", "--limit", "0"]],
    ["2 thought.unknown", ["show", "t0"]],
    ["2 thought.unknown", ["forget", "t0"]],
    ["2 thought.words", ["predict", "\u001b[2J", "--chance", "1"]],
  ];
  for (const [code, args] of cases) expect(await refused(me, ...args)).toBe(code);
}, 60_000);
