import { localDate } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import type { RunStarted } from "../../contracts/event.ts";
import type { ContextPart, ContextView } from "../../contracts/nanos.ts";
import type { Message } from "../../contracts/message.ts";
import type { ToolSpec } from "../../contracts/model.ts";
import { agentOf } from "../frame.ts";
import { FIND_TOOLS, FINDER, chosen } from "../offered/offered.ts";
import { COMPANION, systemParts, toolSpecs } from "../prompt.ts";
import { firstOf, pastOf } from "../flow/past.ts";
import { DELEGATE } from "../wants/delegate.ts";
import { memoriesOf } from "../wants/recall.ts";
import { resultText } from "../wants/tool.ts";
import { tokensOf } from "../wants/window.ts";
import type { Facts, World } from "../world.ts";

/**
 * Who uses the model's window: what every call of the oracle carries, or, for a run, what its next
 * call would carry. Tokens are estimates; what a provider counts is in the trace.
 *
 * @throws NanosError `run.unknown`, `run.erased`, `run.facts_lost`, `agent.unknown`.
 */
export async function contextOf(world: World, run?: string): Promise<ContextView> {
  if (run === undefined) return ofArrangement(world, await world.facts(), await world.companion());
  const first = firstOf(world.journal, run);
  if (first?.event.kind !== "run.started") {
    throw new NanosError("run.unknown", `There is no run ${run}.`, "See `nanos trace list`.");
  }
  if (first.body?.kind !== "run.started") {
    const message = `What run ${run} began with was erased.`;
    throw new NanosError("run.erased", message, "Ask for another run: nanos trace list.");
  }
  return ofRun(world, run, first.body);
}

function ofArrangement(world: World, facts: Facts, told: string | null): ContextView {
  const model = world.defaultModel();
  const today = localDate(world.clock.now());
  const companion = told ?? undefined;
  const speaking = { facts, today, companion, grants: world.grants(), name: facts.oracle };
  const { context: window, tools: calls, toolCount } = world.modelSettings(model);
  const few: Few = (specs) => (calls ? chosen({}, specs, toolCount) : []);
  const { parts, tools } = carried(speaking, { most: facts.depth, depth: 0, few });
  return { run: null, model, window, parts, left: 0, tools };
}

function ofRun(world: World, run: string, started: RunStarted): ContextView {
  const facts = world.recall(started.facts);
  if (!facts) {
    const message = `What run ${run} was judged by is gone from the vault.`;
    throw new NanosError("run.facts_lost", message, "Ask for another run: nanos trace list.");
  }
  const { today, grants, agent: name, model, companion } = started;
  const { results, answers, left, offered } = spokenIn(world, run);
  const calls = model.tools !== false;
  const names = offered && new Set(offered);
  const few: Few = (specs) => {
    if (!calls) return [];
    return names ? [...specs, FINDER].filter((one) => names.has(one.name)) : specs;
  };
  const reach = { most: started.budget.depth, depth: depthOf(started), few };
  const { parts, tools } = carried({ facts, today, grants, name, companion }, reach);
  const past = pastOf(world.journal, started, firstOf(world.journal, run)?.event.seq);
  const text = (of: readonly Message[]): string => of.map((one) => JSON.stringify(one)).join("");
  const said = past.messages.filter(({ parts: all }) => all.some(({ type }) => type === "text"));
  const rest = past.messages.filter((one) => !said.includes(one));
  parts.push({ what: "conversation before", tokens: tokensOf(text(said)) });
  parts.push({ what: "calls of earlier turns", tokens: tokensOf(text(rest)) });
  parts.push({ what: "request", tokens: tokensOf(started.request) });
  parts.push({ what: "answers of the model", tokens: answers });
  for (const [what, tokens] of results) parts.push({ what, tokens });
  const kept = parts.filter(({ tokens }) => tokens > 0);
  return { run, model: model.name, window: model.context ?? null, parts: kept, left, tools };
}

function depthOf({ parent }: RunStarted): number {
  return parent?.depth ?? 0;
}

interface Speaking {
  readonly facts: Facts;
  readonly today: string;
  readonly grants: ReturnType<World["grants"]>;
  readonly companion: string | undefined;
  /** The agent. */
  readonly name: string;
}

/** Of all an agent's tools those its model is offered. */
type Few = (specs: readonly ToolSpec[]) => readonly ToolSpec[];

interface Reach {
  /** How deep it may delegate, and how deep it is. */
  readonly most: number;
  readonly depth: number;
  readonly few: Few;
}

/** What every call carries: the system text in its parts, and the tools by skill. */
function carried(
  { name, ...given }: Speaking,
  { most, depth, few }: Reach,
): Pick<ContextView, "tools"> & { parts: ContextPart[] } {
  const agent = agentOf(given.facts, name);
  if (!agent)
    throw new NanosError("agent.unknown", `There is no agent ${name}.`, "See `nanos agent list`.");
  const { workspace } = given.facts;
  const parts = systemParts({ ...given, agent, workspace }).map(({ what, text }): ContextPart => ({
    what,
    tokens: tokensOf(text),
    ...(what === COMPANION ? { text } : {}),
  }));
  const skills = new Map<string, number>();
  const memories = memoriesOf({ facts: given.facts, agent }, undefined);
  const budget = { turns: 0, calls: 0, tokens: 0, ms: 0, depth: most };
  const offered = { ...given, agent, depth, budget, memories, reader: false, plans: null };
  const all = toolSpecs(offered);
  const some = few(all);
  for (const spec of some) {
    const skill = given.facts.tools.find(({ manifest }) => manifest.name === spec.name)?.skill;
    const what = `tools of ${skill ?? OWN[spec.name] ?? "memory"}`;
    skills.set(what, (skills.get(what) ?? 0) + tokensOf(JSON.stringify(spec)));
  }
  const tools = { offered: some.map((spec) => spec.name), of: all.length };
  return {
    parts: [...parts, ...Array.from(skills, ([what, tokens]) => ({ what, tokens }))],
    tools,
  };
}

/** What tools of nanos' own are for; most of them are its memory. */
const OWN: Readonly<Record<string, string>> = { [DELEGATE]: "delegation", [FIND_TOOLS]: "finding" };

interface Spoken {
  readonly answers: number;
  readonly results: ReadonlyMap<string, number>;
  readonly left: number;
  /** Names of the tools that were offered last; null where it was all of them. */
  readonly offered: readonly string[] | null;
}

/** What was said in a run: by the model, and by its tools. */
function spokenIn({ journal }: World, run: string): Spoken {
  const names = new Map<string | null, string>();
  const results = new Map<string, number>();
  let answers = 0;
  let left = 0;
  let offered: readonly string[] | null = null;
  for (const { event, body } of journal.chain(run)) {
    if (body?.kind === "context.cut") left = body.left;
    if (body?.kind === "tools.chosen") offered = body.names;
    if (body?.kind === "model.answered") answers += tokensOf(JSON.stringify(body.message));
    if (body?.kind === "action.proposed") {
      const { kind, name } = body.action;
      if (kind === "tool" || kind === "agent") names.set(event.step, `results of ${name}`);
    }
    const what = names.get(event.step);
    if (body?.kind !== "action.settled" || what === undefined) continue;
    if ((event.step ?? "").split(".").length > 2) continue;
    results.set(what, (results.get(what) ?? 0) + tokensOf(resultText(body.outcome).text));
  }
  return { answers, results, left, offered };
}
