import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { type Came, commandLine, type Setting } from "./testing/command-line.ts";
import type { Script } from "./testing/scripted-nanos.ts";

function run(line: string, setting: Partial<Setting> = {}): Promise<Came> {
  return commandLine(line.split(" ").filter(Boolean), { script: EMPTY, ...setting });
}

/** A command's code and whole standard output; standard error holds the words given. */
async function check(
  line: string,
  code: number,
  out: string,
  err: readonly string[],
): Promise<Came> {
  const came = await run(line);
  expect({ line, code: came.code, out: came.out }).toEqual({ line, code, out });
  for (const word of err) expect(came.err).toContain(word);
  return came;
}

const EMPTY: Script = {
  home: tmpdir(),
  plays: { tidy: [{ say: ["Tidied today."] }] },
  found: {
    kind: "empty",
    home: "/h",
    starters: [
      { name: "toy", description: "echo" },
      { name: "indie-developer", description: "an oracle with notes" },
    ],
  },
};

test("first run: --yes takes the starter and says so, nobody there is told what to do", async () => {
  const came = await check("run tidy --yes", 0, "Tidied today.\n", ["set up indie-developer in"]);
  expect(came.log).toEqual(["init indie-developer", "open", "run oracle: tidy", "close"]);
  await check("run tidy", 2, "", ["Add --yes", "home.empty"]);
  await check("", 2, "", ["Add --yes"]);
});

test("first run at a terminal: Enter takes what is suggested, and no model is chosen by itself", async () => {
  const tty = (answers: readonly string[]): Partial<Setting> => ({
    tty: { answers },
  });
  const first = await run("run --no-color tidy", tty(["", ""]));
  expect(first.err).toContain(
    "  1  indie-developer  (Enter)\n     an oracle with notes\n  2  toy\n     echo\n",
  );
  expect(first.err).toContain("ollama · http://127.0.0.1:11434");
  const opened = ["open", "close", "open"];
  expect(first.log.slice(0, 5)).toEqual(["init indie-developer", ...opened, "run oracle: tidy"]);
  const second = await run("run tidy", tty(["9", "2", "2"]));
  expect(second.log.slice(0, 6)).toEqual([
    "init toy",
    ...opened,
    'add ollama {"adapter":"ollama","url":"http://127.0.0.1:11434"}',
    "use ollama",
  ]);
  expect((await run("run tidy", tty(["q"]))).code).toBe(2);
  expect((await run("run tidy", tty([]))).code).toBe(2);
});

test("first run at a terminal: agents on PATH are offered with what they may do, and none is started", async () => {
  const offer = {
    name: "claude",
    file: "agents/claude.md",
    text: "",
    command: ["claude", "-p"],
    may: ["run the program claude"],
    notes: [],
  };
  const script = { ...EMPTY, agents: [offer] };
  const yes = await run("run tidy", { script, tty: { answers: ["", "y", ""] } });
  expect(yes.err).toContain("On PATH: claude.");
  expect(yes.err).toContain("may run the program claude");
  expect(yes.log.slice(0, 4)).toEqual([
    "init indie-developer",
    "open",
    "agent add claude",
    "close",
  ]);
  const no = await run("run tidy", { script, tty: { answers: ["", "", ""] } });
  expect(no.log).not.toContain("agent add claude");
  const alone = await run("run tidy --yes", { script });
  expect(alone.log).not.toContain("agent add claude");
  // Where they would reach the home nothing they did would be let.
  const above = { ...script, workspace: script.home };
  const there = await run("run tidy", { script: above, tty: { answers: ["", ""] } });
  expect(there.err).toContain("in a project");
  expect(there.log).not.toContain("agent add claude");
});
