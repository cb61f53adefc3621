import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { messageOf, NanosError } from "../../std/error.ts";
import type {
  Agent,
  AgentCaseResult,
  AgentReport,
  Opinion,
  TestWish,
} from "../../contracts/agent.ts";
import type { ModelConfig } from "../../contracts/model.ts";
import type { Nanos } from "../../contracts/nanos.ts";
import type { PatchView } from "../../contracts/outcome.ts";
import type { RunState } from "../../contracts/run.ts";
import type { AgentCase } from "../../contracts/script.ts";
import type { TreeFile } from "../../home/files.ts";
import { applyPatch, makeRepository } from "../../tools/git/made.ts";
import type { GitParts } from "../../tools/git/git.ts";
import { type Chance, JUDGE, JUDGE_FILE, opinionOf } from "./opinion.ts";
import {
  called,
  cameTo,
  type Elsewhere,
  left,
  matches,
  readCases,
  writeAll,
} from "../skills/cases.ts";

/** What an agent's cases are tried with. */
export interface Trial {
  readonly agent: Agent;
  /** Everything of the arrangement that travels. */
  readonly files: readonly TreeFile[];
  /** Every skill there, to be granted in the home of the trial. */
  readonly skills: readonly string[];
  readonly wish: TestWish;
  /** The model the wish names, as it is set up here. */
  readonly model: ModelConfig | null;
  /** Another model of this home, with what of the environment it needs. @throws NanosError `model.unknown`. */
  readonly lend: (name: string) => Lent;
  readonly chance: Chance;
  readonly git: GitParts;
}

/** A model as it is set up here, and the variable its key lies in. */
export interface Lent {
  readonly config: ModelConfig;
  readonly env: Elsewhere["env"];
}

/**
 * Runs the cases an arrangement has for an agent: each in a repository of its own, in a home of its
 * own, with the whole arrangement, answered as it was recorded or by a model of this home. What the
 * agent ends with is applied to the repository, and looked at there.
 */
export async function testAgent(trial: Trial, elsewhere: Elsewhere): Promise<AgentReport> {
  const { agent, files, wish } = trial;
  const { name } = agent.manifest;
  const { AgentCase: schema } = await import("../../contracts/script.ts");
  const all = await readCases("evals", files, CASE, schema);
  const cases = all.filter(
    ([file, one]) => one.agent === name && (wish.only === undefined || file.includes(wish.only)),
  );
  if (cases.length === 0) throw noCases(name, wish);
  const results: AgentCaseResult[] = [];
  for (const [file, one] of cases) results.push(await tried(trial, elsewhere, file, one));
  return { agent: name, model: wish.model ?? RECORDED, cases: results };
}

const CASE = /^evals\/[^/]+\.yaml$/u;
const RECORDED = "recorded answers";

async function tried(
  trial: Trial,
  elsewhere: Elsewhere,
  file: string,
  one: AgentCase,
): Promise<AgentCaseResult> {
  const { about, tags } = one;
  const none = { outcome: "failed", summary: "", turns: 0, tokens: 0, files: [], calls: [] };
  const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "nanos-agent-test-")));
  try {
    return { file, about, tags, ...(await runCase(trial, elsewhere, { one, folder })) };
  } catch (error) {
    return { file, about, tags, ...none, patch: "", failures: [messageOf(error)] };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

interface Place {
  readonly one: AgentCase;
  readonly folder: string;
}

type Tried = Omit<AgentCaseResult, "file" | "about" | "tags">;

async function runCase(trial: Trial, { make, env }: Elsewhere, place: Place): Promise<Tried> {
  const { one, folder } = place;
  const workspace = join(folder, "workspace");
  const judge = judgeFor(trial, one);
  const options = {
    home: join(folder, "home"),
    cwd: workspace,
    env: { ...env, ...judge?.lent?.env },
  };
  const given = trial.files.map(({ path, content }) => [path, content] as const);
  writeAll(join(folder, "from"), [[`agents/${JUDGE}.md`, JUDGE_FILE], ...given]);
  writeAll(workspace, Object.entries(one.files));
  makeRepository(workspace, one.files);
  const nanos = await make(options, join(folder, "from"), workspace);
  try {
    for (const skill of trial.skills) await nanos.grants.add(skill);
    const model = await modelFor(nanos, trial, place);
    const handle = await nanos.run({
      text: one.request,
      agent: trial.agent.manifest.name,
      model,
      localOnly: trial.model === null,
      ask: async () => ({ verdict: one.asks, reach: "once" }),
    });
    const state = await handle.done;
    const view = patchOf(nanos, handle.run);
    const failures = await judged(nanos, trial, { ...place, workspace, state, view });
    const came = { ...toldOf(nanos, handle.run, state, view), failures };
    return judge
      ? { ...came, opinion: await judgedBy(nanos, trial, { ...place, judge, came }) }
      : came;
  } finally {
    await nanos.close();
  }
}

/** Who is asked for an opinion: a model of this home, or recorded answers; `lent` null for those. */
interface Judge {
  readonly name: string;
  readonly lent: Lent | null;
}

/** Null where the case wants no opinion. Nobody is asked who was not named for this trial. */
function judgeFor({ wish, lend }: Trial, { judge }: AgentCase): Judge | null {
  if (judge === undefined) return null;
  const name = wish.judge ?? (wish.model === undefined ? undefined : judge.model);
  return name === undefined ? { name: RECORDED, lent: null } : { name, lent: lend(name) };
}

async function judgedBy(
  nanos: Nanos,
  { wish, chance }: Trial,
  { judge, one, folder, came }: Place & { readonly judge: Judge; readonly came: Tried },
): Promise<Opinion> {
  const { name, lent } = judge;
  const answers = one.judge?.answers;
  if (lent === null && answers === undefined) {
    return {
      by: "nobody",
      failure: "Nobody was asked: record its answers, or name one by --judge.",
    };
  }
  const model = lent === null ? "judge-answers" : name;
  if (lent === null) {
    const file = join(folder, "judge.json");
    fs.writeFileSync(file, JSON.stringify(answers));
    await nanos.models.add(model, { adapter: "script", file });
  } else if (name !== wish.model) await nanos.models.add(name, lent.config);
  return opinionOf(nanos, { model, by: name, recorded: lent === null, one, came }, chance);
}

/** The model of the trial, set up in its home: the wish's as it is here, or the case's answers. */
async function modelFor(nanos: Nanos, trial: Trial, { one, folder }: Place): Promise<string> {
  const { model, wish } = trial;
  if (model !== null) {
    await nanos.models.add(wish.model ?? "", model);
    return wish.model ?? "";
  }
  if (one.model === undefined) {
    throw new NanosError("agent.no_answers", "It has no recorded answers.", "Name one by --model.");
  }
  const file = join(folder, "answers.json");
  fs.writeFileSync(file, JSON.stringify(one.model));
  await nanos.models.add("answers", { adapter: "script", file });
  return "answers";
}

/** What the run made of its copy; null where the agent works in none. */
function patchOf(nanos: Nanos, run: string): PatchView | null {
  try {
    return nanos.traces.patch(run);
  } catch (error) {
    if (error instanceof NanosError && error.code === "patch.none") return null;
    throw error;
  }
}

interface Judged extends Place {
  readonly workspace: string;
  readonly state: RunState;
  readonly view: PatchView | null;
}

/** Everything that is not as the case wants it, one sentence each. */
async function judged(nanos: Nanos, { git }: Trial, seen: Judged): Promise<readonly string[]> {
  const { one, workspace, state, view } = seen;
  const calls = callsOf(nanos, state.run).map(({ name }) => name);
  const unfit = view === null || view.patch === "" ? null : await patched(git, seen, view);
  if (unfit !== null) return [...cameTo(state, one), unfit];
  const checks: string[] = [];
  for (const check of one.expect.checks) {
    // A tool that is not there is this check's failure, and no other's.
    checks.push(...(await checked(nanos, check).catch((error: unknown) => [messageOf(error)])));
  }
  return [
    ...cameTo(state, one),
    ...called(calls, one),
    ...changed(view, one),
    ...left(workspace, one),
    ...checks,
  ];
}

/** Puts what the patch makes of the case's files into the workspace; why not, where it does not fit. */
async function patched(
  git: GitParts,
  { one, folder, workspace }: Judged,
  { patch, files }: PatchView,
): Promise<string | null> {
  const made = join(folder, "patched");
  writeAll(made, Object.entries(one.files));
  fs.mkdirSync(made, { recursive: true });
  const failure = await applyPatch(git, { folder: made, patch, dir: join(folder, "apply") });
  if (failure !== null) return failure.message;
  for (const { path, kind } of files) {
    const file = join(workspace, path);
    if (kind === "deleted") {
      fs.rmSync(file, { force: true });
      continue;
    }
    fs.mkdirSync(dirname(file), { recursive: true });
    fs.copyFileSync(join(made, path), file);
  }
  return null;
}

function changed(view: PatchView | null, { expect }: AgentCase): readonly string[] {
  if (expect.changed === undefined) return [];
  const paths = (view?.files ?? []).map(({ path }) => path).toSorted();
  const wanted = expect.changed.toSorted();
  if (paths.join("\n") === wanted.join("\n")) return [];
  return [`it changed ${paths.join(", ") || "nothing"}, not ${wanted.join(", ") || "nothing"}`];
}

/** Calls a tool on the patched files, through the gate of the trial's home. */
async function checked(
  nanos: Nanos,
  { tool, args, says }: AgentCase["expect"]["checks"][number],
): Promise<readonly string[]> {
  const ask = async () => ({ verdict: "allow", reach: "once" }) as const;
  const handle = await nanos.tools.call(tool, args, { ask });
  await handle.done;
  const step = nanos.traces.show(handle.run).steps.find(({ kind }) => kind === "tool");
  const { outcome } = step ?? {};
  if (outcome?.status !== "done") {
    const why = outcome && "failure" in outcome ? outcome.failure.message : "it was not done";
    return [`the check ${tool} failed: ${why}`];
  }
  const text = typeof outcome.output === "string" ? outcome.output : JSON.stringify(outcome.output);
  if (matches(text, says)) return [];
  return [`the check ${tool} says ${JSON.stringify(text.trim())}, and does not match ${says}`];
}

function toldOf(
  nanos: Nanos,
  run: string,
  state: RunState,
  view: PatchView | null,
): Omit<Tried, "failures"> {
  const ended = state.state === "ended" ? state.ended : null;
  const { steps } = nanos.traces.show(run);
  return {
    outcome: ended?.outcome ?? state.state,
    summary: ended?.text ?? "",
    turns: steps.filter(({ kind }) => kind === "model").length,
    tokens: (ended?.usage.input ?? 0) + (ended?.usage.output ?? 0),
    files: view?.files ?? [],
    calls: callsOf(nanos, run),
    patch: view?.patch ?? "",
    ...(ended?.failure && { failure: ended.failure }),
  };
}

function callsOf(nanos: Nanos, run: string): AgentCaseResult["calls"] {
  return nanos.traces
    .show(run)
    .steps.filter(({ kind }) => kind === "tool")
    .map(({ name, status }) => ({ name, status }));
}

function noCases(name: string, { only }: TestWish): NanosError {
  if (only !== undefined) {
    const message = `${name} has no case called ${only}.`;
    return new NanosError("agent.no_cases", message, "nanos agent test runs all of them.");
  }
  return new NanosError(
    "agent.no_cases",
    `${name} has no cases.`,
    "A case is a file evals/NAME.yaml of the arrangement: a task, a repository, what to expect.",
  );
}
