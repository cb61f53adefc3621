import { expect, test } from "bun:test";
import { join } from "node:path";
import { type Came, commandLine } from "../src/cli/testing/command-line.ts";
import type { ThoughtLine } from "../src/contracts/cognition.ts";
import type { CognitionStatus } from "../src/contracts/cognition/reading.ts";
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
  return `${code} ${/(?:agent|mission|run|thought|usage)\.[a-z_]+/u.exec(err)?.[0]}`;
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
  const { predictions } = await json<CognitionStatus>(me, "status");
  expect(predictions).toEqual(status.predictions);
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

test("beliefs, decisions and errors from the command line, each with what is wrong with it", async () => {
  using me = person();
  await nanos(me, "init", "--from", "toy");
  const note = async (...args: readonly string[]): Promise<string> =>
    (await json<ThoughtLine>(me, ...args)).id;
  const survey = await note("believe", "the survey is right", "--chance", "90");
  const bridge = await note("believe", "the bridge holds", "--chance", "80", "--on", survey);
  const falls = await note("believe", "it falls", "--chance", "30", "--source", "the paper");
  await note("link", bridge, "contradicts", falls);
  const dry = await nanos(me, "cognition", "revise", survey, "--chance", "40", "--dry-run");
  expect(dry.out).toMatch(/would change[^]*90% -> 40%[^]*80% -> 40%/u);
  expect((await nanos(me, "cognition", "revise", survey, "--chance", "95")).out).toContain(
    "90% -> 95%",
  );
  expect((await nanos(me, "cognition", "revise", survey, "--chance", "95")).out).toContain(
    "Nothing is held",
  );
  await note("unlink", bridge, "rests-on", survey);

  const shipped = await note("decide", "we ship on Monday");
  await note("autopsy", shipped, "--made", "good", "--out", "bad");
  await note("instead", shipped, "wait a week", "--better", "unsure");
  await note("error", "sunk-cost", "two years of work", "--of", shipped);
  await note("error", "planning");
  const status = await json<CognitionStatus>(me, "status");
  expect(status).toMatchObject({
    ...{ beliefs: { noted: 3, links: 0, revised: 2, conflicts: { n: 1 } }, diary: { noted: 1 } },
    autopsies: { decisions: 1, hindsight: 1, classes: { bad_luck: 1 } },
    ...{ errors: { noted: 2 }, refused: 0 },
  });
  const { out } = await nanos(me, "cognition");
  for (const words of [
    "held together with more than 100%",
    "1 had bad luck",
    "1 unsure",
    "planning 1",
  ]) {
    expect(out).toContain(words);
  }
  const shown = (await nanos(me, "cognition", "list")).out;
  for (const words of [
    "believed 80% on",
    "unlink",
    "in ",
    "instead of",
    "revised",
    "was made: good",
  ]) {
    expect(shown).toContain(words);
  }

  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["2 usage.missing", ["believe", "x"]],
    ["2 thought.unknown", ["believe", "x", "--chance", "1", "--on", "t0"]],
    ["2 thought.unknown", ["revise", "t0", "--chance", "1"]],
    ["2 usage.value", ["link", survey, "near", bridge]],
    ["2 thought.link", ["link", survey, "rests-on", survey]],
    ["2 run.unknown", ["decide", "x", "--run", "r0"]],
    ["2 usage.missing", ["autopsy", shipped]],
    ["2 usage.value", ["autopsy", shipped, "--made", "well"]],
    ["2 usage.missing", ["instead", shipped, "x"]],
    ["2 run.unknown", ["instead", shipped, "x", "--better", "no", "--fork", "r0"]],
    ["2 usage.value", ["error", "gluttony"]],
  ];
  for (const [code, args] of cases)
    expect(`${args[0]} ${await refused(me, ...args)}`).toBe(`${args[0]} ${code}`);
}, 60_000);

test("arguments, what is needed and what causes what from the command line", async () => {
  using me = person();
  await nanos(me, "init", "--from", "toy");
  const note = async (...args: readonly string[]): Promise<string> =>
    (await json<ThoughtLine>(me, ...args)).id;
  const men = await note("believe", "all men die", "--chance", "99");
  const lines = ["All men die", "It is Tuesday", "Socrates is a man", "Socrates dies <- 1, 3"];
  const argued = await note("argue", ...lines, "--belief", `1=${men}`);
  const shown = (await nanos(me, "cognition", "show", argued)).out;
  for (const text of ["4  Socrates dies  <- 1, 3", "lines 1, 3", "does without", "unchallenged"]) {
    expect(shown).toContain(text);
  }
  const counter = await note("counter", argued, "he may be a statue", "--line", "3");
  await note("answer", counter, "met", "he spoke");
  // Where the last line does not say, it follows from all the others.
  const plain = await note("argue", "one", "two", "so three");
  expect((await nanos(me, "cognition", "show", plain)).out).toContain("so three  <- 1, 2");

  const [a, b, c] = [
    await note("say", "walls"),
    await note("say", "roof"),
    await note("say", "house"),
  ];
  await note("link", c ?? "", "needs", b ?? "");
  await note("link", b ?? "", "needs", a ?? "");
  await note("link", a ?? "", "causes", b ?? "");
  await note("link", a ?? "", "case-of", c ?? "");
  const order = await json<readonly ThoughtLine[]>(me, "order", c ?? "");
  expect(order.map(({ texts }) => texts?.[0])).toEqual(["walls", "roof", "house"]);
  await note("have", a ?? "");
  await note("have", b ?? "");
  await note("have", b ?? "", "--not");
  expect((await nanos(me, "cognition", "order", c ?? "")).out).not.toContain("walls");
  expect((await nanos(me, "cognition", "order", a ?? "")).out).toContain("It is had.");
  expect((await nanos(me, "cognition", "cause", a ?? "", b ?? "")).out).toContain(
    "leads to the second",
  );
  expect((await nanos(me, "cognition", "retell", argued, "all men die")).out).toMatch(
    /^\d+% of the words/u,
  );

  await me.nanos("run", "hello");
  const { out } = await nanos(me, "cognition");
  for (const words of [
    ...["arguments  2 noted: 2 unchallenged", "0 open, 1 met", "1 with a line they do without"],
    ...["2 statements, 1 with cases, 1 rung high", "3 things: 1 had, 1 ready, 1 waiting"],
    ...["causes  2 things, 1 link", "too few to say: 1 of at least 5", "attention  1 run"],
  ]) {
    expect(out).toContain(words);
  }
  const narrow = await commandLine(["--home", join(me.userHome, ".nano-os"), "cognition"], {
    ...{ script: { home: me.userHome, plays: {} }, cwd: me.userHome, columns: 80 },
    env: { HOME: me.userHome, PATH: process.env["PATH"] ?? "" },
    house: () => import("../src/nanos.ts"),
  });
  expect(narrow.out.split("\n").filter((line) => line.length > 80)).toEqual([]);

  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["2 thought.argument", ["argue", "one", "two <- 2"]],
    ["2 usage.value", ["argue", "one", "two", "--belief", "x"]],
    ["2 thought.no_writer", ["argue", "one", "--agent", "oracle"]],
    ["2 agent.unknown", ["counter", argued, "--agent", "nobody"]],
    ["2 usage.missing", ["counter", argued]],
    ["2 thought.argument", ["counter", argued, "x", "--line", "9"]],
    ["2 usage.value", ["answer", counter, "perhaps"]],
    ["2 thought.unknown", ["have", "t0"]],
    ["2 thought.unknown", ["order", "t0"]],
    ["2 thought.unknown", ["cause", a ?? "", "t0"]],
    ["2 thought.unknown", ["retell", "t0", "x"]],
  ];
  for (const [code, args] of cases) {
    expect(`${args[0]} ${await refused(me, ...args)}`).toBe(`${args[0]} ${code}`);
  }
}, 60_000);
