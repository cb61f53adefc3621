import { expect, test } from "bun:test";
import type { Command } from "./command.ts";
import { COMMANDS, MENU } from "./commands.ts";
import { about, explain, version } from "./grammar.ts";
import { parse } from "./parse.ts";
import { readdirSync } from "node:fs";

async function says(line: string): Promise<{ code: number; out: string; err: string }> {
  const said = await explain(line.split(" "), MENU, { about, version });
  if (said.kind === "run") throw new Error(`${line} would run`);
  return said;
}

/** A wrong line is refused with code 2, nothing on standard output, and the nearest right name. */
async function refuses(line: string, ...words: readonly string[]): Promise<void> {
  const { code, out, err } = await says(line);
  expect({ line, code, out }).toEqual({ line, code: 2, out: "" });
  for (const word of words) expect(err).toContain(word);
}

test("unknown names and flags are refused with the nearest right one", async () => {
  await refuses("rnu x", "unknown command 'rnu'", "Did you mean run?", "nanos --help");
  await refuses("run --modle x", "unknown option '--modle'", "--model", "nanos run --help");
  await refuses("trace shw", "unknown command 'shw'", "show", "nanos trace --help");
  await refuses("resume", "missing required argument 'RUN'", "nanos resume --help");
  await refuses("why a b", "too many arguments");
  await refuses("run --model", "argument missing");
  await refuses("tool call", "missing required argument 'NAME'");
});

async function all(): Promise<readonly (readonly [string, Command])[]> {
  const commands = await Promise.all(MENU.names.map((name) => MENU.load(name)));
  return commands.flatMap((command) => [
    [command.name, command] as const,
    ...(command.subs ?? []).map((sub) => [`${command.name} ${sub.name}`, sub] as const),
  ]);
}

test("every command has help with one example, at 80 columns", async () => {
  for (const [path, command] of await all()) {
    const { code, out } = await says(`${path} --help`);
    expect({ path, code }).toEqual({ path, code: 0 });
    expect(out).toContain(`Example:\n  ${command.example}\n`);
    const wide = out
      .split("\n")
      .filter((line) => line.length > 80 && !line.includes("nanos model add"));
    expect({ path, wide }).toEqual({ path, wide: [] });
  }
});

test("every example is a line that is understood, and means its command", async () => {
  for (const [path, command] of await all()) {
    const argv = words(command.example.replace(/ (?:>>?|\|) .*$/u, "")).slice(1);
    const parsed = await parse(argv, MENU);
    const meant = command.subs?.find(({ name }) => name === parsed?.command.name) ?? command;
    expect({ path, summary: parsed?.command.summary }).toEqual({ path, summary: meant.summary });
  }
});

/** A shell line as its words; quotes of either kind. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/gu)].map(([, a, b, c]) => a ?? b ?? c ?? "");
}

test("the first page says what it is, what it is not, and lists every command", async () => {
  const { out } = await says("--help");
  for (const part of ["no kernel", "no service", "no model", "no moderation layer", "no planner"]) {
    expect(out.replace(/\s+/gu, " ")).toContain(part);
  }
  for (const [path, command] of await all()) {
    if (path.includes(" ") || path === "session" || command.former) continue;
    expect(out).toMatch(new RegExp(`^ {2}${path}\\b.*  \\S`, "mu"));
  }
  expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
  expect((await says("--json -V")).out).toBe(`${version}\n`);
  expect((await says("help run")).out).toContain("--max-cost");
});

test("the list of commands and the folder hold the same", () => {
  const files = readdirSync(new URL("commands", import.meta.url)).filter(
    (file) => !file.includes(".test."),
  );
  expect(COMMANDS.map(({ name }) => `${name}.ts`).toSorted()).toEqual(files.toSorted());
});
