import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { messageOf, NanosError } from "../../std/error.ts";
import type { Nanos, OpenOptions } from "../../contracts/nanos.ts";
import type { RunEnd, RunState } from "../../contracts/run.ts";
import type { SkillCase } from "../../contracts/script.ts";
import type { CaseResult, Skill } from "../../contracts/skill.ts";
import { compilePattern } from "../../gate/rules/pattern.ts";
import { manifestError, parseManifest, type Problem } from "../../home/arrangement/manifest.ts";
import { readTree, type TreeFile, utf8 } from "../../home/files.ts";

/** How a home beside this one is made and opened. */
export interface Elsewhere {
  /** What finds programs, and nothing else of this machine. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Opens a project in `dir`, made of what lies in the folder `from`. */
  make(options: OpenOptions, from: string, dir: string): Promise<Nanos>;
}

/**
 * Runs a skill's own cases: each in a workspace and home of its own, with the skill given to an agent
 * that answers as it was recorded. What it does there is real, held like anything else, and gone.
 */
export async function testCases(
  skill: Skill,
  elsewhere: Elsewhere,
): Promise<readonly CaseResult[]> {
  const files = readTree(skill.dir).files;
  const { SkillCase: schema } = await import("../../contracts/script.ts");
  const cases = await readCases(skill.dir, files, CASE, schema);
  if (cases.length === 0) throw noCases(skill);
  const results: CaseResult[] = [];
  for (const [file, one] of cases) {
    const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "nanos-skill-test-")));
    try {
      results.push({ file, failures: await runCase({ skill, files, one, folder }, elsewhere) });
    } catch (error) {
      results.push({ file, failures: [messageOf(error)] });
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
  return results;
}

/** Every case among these files. @throws NanosError `manifest.invalid` with all problems of all. */
export async function readCases<T>(
  dir: string,
  files: readonly TreeFile[],
  named: RegExp,
  schema: Parameters<typeof parseManifest<T>>[2],
): Promise<readonly (readonly [string, T])[]> {
  const cases: [string, T][] = [];
  const problems: Problem[] = [];
  for (const { path, content } of files.filter(({ path: one }) => named.test(one))) {
    const read = await parseManifest(path, utf8(content) ?? "", schema, "yaml");
    if (read.ok) cases.push([path, read.value]);
    else problems.push(...read.problems);
  }
  if (problems.length > 0) throw manifestError(dir, problems);
  return cases;
}

function noCases({ head, dir }: Skill): NanosError {
  return new NanosError(
    "skill.no_cases",
    `${head.name} has no cases of its own.`,
    `A case is a file ${join(dir, "tests")}/NAME.yaml: a request, recorded answers, what to expect.`,
  );
}

const CASE = /^tests\/[^/]+\.yaml$/u;

interface Case {
  readonly skill: Skill;
  readonly files: readonly TreeFile[];
  readonly one: SkillCase;
  readonly folder: string;
}

async function runCase(given: Case, { make, env }: Elsewhere): Promise<readonly string[]> {
  const { skill, one, folder } = given;
  const workspace = join(folder, "workspace");
  const options = { home: join(folder, "home"), cwd: workspace, env };
  writeAll(join(folder, "from"), arrangementOf(given));
  writeAll(workspace, Object.entries(one.files));
  const nanos = await make(options, join(folder, "from"), workspace);
  try {
    await nanos.grants.add(skill.head.name);
    const handle = await nanos.run({
      text: one.request,
      // What it is tried on must not depend on who is there to answer.
      localOnly: true,
      ask: async () => ({ verdict: one.asks, reach: "once" }),
    });
    const state = await handle.done;
    const { steps } = nanos.traces.show(handle.run);
    const calls = steps.filter(({ kind }) => kind === "tool").map(({ name }) => name);
    return [...cameTo(state, one), ...called(calls, one), ...left(workspace, one)];
  } finally {
    await nanos.close();
  }
}

/** An arrangement of one agent that has the skill and answers from the case. */
function arrangementOf({
  skill,
  files,
  one,
}: Case): readonly (readonly [string, string | Buffer])[] {
  const { name } = skill.head;
  const model = "{ adapter: script, file: models/recorded.yaml }";
  return [
    [
      "arrangement.yaml",
      `name: test\noracle: tester\nmodel: recorded\nmodels:\n  recorded: ${model}\n`,
    ],
    [
      "agents/tester.md",
      `---\nname: tester\ndescription: Tries it.\nskills: [${name}]\n---\nTry it.\n`,
    ],
    ["models/recorded.yaml", JSON.stringify(one.model)],
    ...files.map(({ path, content }) => [`skills/${name}/${path}`, content] as const),
  ];
}

export function writeAll(
  folder: string,
  files: readonly (readonly [string, string | Buffer])[],
): void {
  fs.mkdirSync(folder, { recursive: true });
  for (const [path, content] of files) {
    const file = inside(folder, path);
    fs.mkdirSync(dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
  }
}

/** A path of a case, which may not lead out of its folder. */
function inside(folder: string, path: string): string {
  const file = join(folder, path);
  if (file.startsWith(`${folder}/`)) return file;
  const message = `${path} leads out of the workspace.`;
  throw new NanosError("skill.bad_case", message, "Name files below the workspace.");
}

export function cameTo(state: RunState, { expect }: Pick<SkillCase, "expect">): readonly string[] {
  if (state.state !== "ended") return [`it waits, and did not come to an end`];
  const { outcome, text, asks, failure }: RunEnd = state.ended;
  const why = failure === undefined ? "" : `: ${failure.message}`;
  return [
    ...(outcome === expect.outcome ? [] : [`it ${outcome}, not ${expect.outcome}${why}`]),
    ...(expect.text === undefined || matches(text, expect.text)
      ? []
      : [`its answer is ${JSON.stringify(text)}, and does not match ${expect.text}`]),
    ...(expect.asks === undefined || expect.asks === asks
      ? []
      : [`the operator was asked ${asks} times, not ${expect.asks}`]),
  ];
}

export function called(
  calls: readonly string[],
  { expect }: Pick<SkillCase, "expect">,
): readonly string[] {
  if (expect.calls === undefined || calls.join() === expect.calls.join()) return [];
  return [
    `it called ${calls.join(", ") || "nothing"}, not ${expect.calls.join(", ") || "nothing"}`,
  ];
}

export function left(workspace: string, { expect }: Pick<SkillCase, "expect">): readonly string[] {
  return Object.entries(expect.files).flatMap(([path, wanted]) => {
    const file = inside(workspace, path);
    const text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : null;
    if (wanted === null) return text === null ? [] : [`${path} is there`];
    if (text === null) return [`${path} is not there`];
    return matches(text, wanted)
      ? []
      : [`${path} holds ${JSON.stringify(text)}, and does not match ${wanted}`];
  });
}

export function matches(text: string, pattern: string): boolean {
  const compiled = compilePattern(pattern, "u");
  if (!("fault" in compiled)) return compiled.test(text);
  throw new NanosError(
    "skill.bad_case",
    `The pattern ${pattern} ${compiled.why}.`,
    "Mend the case.",
  );
}
