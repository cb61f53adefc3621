import { canonical, ordered } from "../std/canonical.ts";
import { localDate } from "../std/clock.ts";
import { NanosError } from "../std/error.ts";
import type { Json } from "../std/json.ts";
import { nearest } from "../std/nearest.ts";
import { plainText } from "../std/text.ts";
import { CLAUDE_MODELS } from "../home/claude.ts";
import type { AgentManifest } from "../contracts/agent.ts";
import type { RunModel } from "../contracts/model.ts";
import type { RunStarted } from "../contracts/event.ts";
import type { Key } from "../contracts/http/key.ts";
import type { Label } from "../contracts/label.ts";
import type { MissionStart, PlanWish } from "../contracts/mission.ts";
import type { RunRequest } from "../contracts/nanos.ts";
import type { Rule } from "../contracts/rules.ts";
import type { RunSchedule } from "../contracts/schedule.ts";
import type { Scope } from "../contracts/scope.ts";
import type { RunEvent } from "../contracts/skill.ts";
import type { Budget } from "../contracts/usage.ts";
import { UNKNOWN_LABEL } from "../gate/labels.ts";
import { policyHash } from "../gate/policy.ts";
import { narrow, parseScope } from "../gate/scopes.ts";
import { BY_ITSELF, type Frame, OPERATOR, agentOf } from "./frame.ts";
import type { Model } from "../models/model.ts";
import { roomFor } from "./flow/earlier.ts";
import { imagesIn } from "./images/image.ts";
import { checkPast } from "./flow/past.ts";
import { broughtIn } from "./clients/wish.ts";
import { plansOf, workOf } from "./plans/hand-in.ts";
import { meantBy } from "./skills/commands.ts";
import { floorOf, resolveScope } from "./standing.ts";
import type { RunChild } from "./wants/delegate.ts";
import type { Room } from "./keys/used.ts";
import { budgetFor } from "./day/budget.ts";
import { groundOf } from "./tree/ground.ts";
import { toolOf } from "./wants/work.ts";
import type { Facts, ModelSettings, World } from "./world.ts";

/** What begins a run: a request, or an event that stands for one. */
export interface Begun extends RunRequest {
  readonly event?: RunEvent;
  readonly mission?: Followed;
  /** It is there for a plan to be handed in: the most the mission may use. */
  readonly plans?: PlanWish["most"];
  /** The operator's own words, where the text is more than these. */
  readonly goal?: string;
  /** The key its client asked with, and the most that is left of what that may use. */
  readonly key?: Key;
  readonly room?: Room;
  /** The schedule whose time begins it, as the operator saved it: what it says are their words. */
  readonly schedule?: RunSchedule;
  /** Called when this process holds it and nothing of it is on disk yet. */
  readonly held?: (run: string) => Promise<void>;
}

/** A plan a run follows: what it begins with, what it may use in all, and the rules it brings. */
export interface Followed {
  readonly start: MissionStart;
  readonly budget: Budget;
  readonly rules: readonly Rule[];
  /** Ids of those that hold in some of its tasks alone. */
  readonly aside?: readonly string[];
}

/** Who may have influenced what a run is asked, where the operator did not ask it themselves. */
export function labelOfAsker({ event, client, mission }: RunStarted): readonly Label[] {
  const { label, run } = mission?.follows ?? {};
  const before = label ? [{ ...label, sources: [...label.sources, `mission:${run}`] }] : [];
  if (client !== undefined) return [...before, { ...UNKNOWN_LABEL, sources: [`client:${client}`] }];
  if (event === undefined) return before;
  const sources = [`event:${event.id}`];
  return event.on === "schedule.cron" && event.chain.length === 0
    ? [{ integrity: "directory", secrecy: "public", sources }]
    : [{ ...UNKNOWN_LABEL, sources }];
}

/** One call the operator makes directly, or a skill by itself. */
export interface DirectCall {
  readonly tool: string;
  readonly args: Json;
  /** The model it is a call of, by name; none where it asks none. */
  readonly model?: string;
}

/**
 * Everything a run begins with, as of now.
 *
 * @throws NanosError `agent.unknown`, `model.*`, `run.unknown` or `run.delegated` for what came before.
 */
export async function startOf(
  world: World,
  facts: Facts,
  request: Begun & { readonly run: string },
  call?: DirectCall,
): Promise<RunStarted> {
  const { event, mission, client, key } = request;
  const caller = event === undefined ? (key?.agent ?? OPERATOR) : `${BY_ITSELF}${event.skill}`;
  const name = call ? caller : (request.agent ?? facts.oracle);
  const agent = agentOf(facts, name);
  if (!agent && !call) throw unknownAgent(name, facts);
  const own = request.model === undefined ? await ownModel(world, agent?.manifest.model) : null;
  if (agent?.manifest.kind === "arrangement") throw ownFolder(agent.manifest);
  const isTool = call !== undefined || (agent !== null && toolOf(agent.manifest) !== null);
  const thinks = mission?.start.plan.tasks.some((task) => task.agent !== undefined) ?? !isTool;
  const wanted = request.model ?? own;
  const asked = thinks ? (wanted ?? world.defaultModel()) : call?.model;
  const model = asked === undefined ? NO_MODEL : await modelOf(world, asked);
  for (const run of request.after ?? []) checkPast(world.journal, run, client);
  return {
    kind: "run.started",
    agent: name,
    ...askedIn(world, facts, request),
    ...(await broughtIn(world, request, { facts, agent, model, thinks })),
    ...callIn(world, call),
    ...imagesIn(world, request, { agent: agent?.manifest, model }),
    ...conversationOf(facts, { request, agent: agent?.manifest, model }),
    model,
    ...(thinks && wanted === null ? { follows: true as const } : {}),
    // A plan is followed where the operator works; an agent it asks may have a copy of its own.
    ...groundOf(world, facts, mission ? undefined : agent?.manifest, request.run, request.tree),
    ...(!call && !client && name === facts.oracle ? await companionIn(world) : {}),
    today: localDate(world.clock.now()),
    facts: await world.keep(facts),
    grants: [...world.grants()],
    rules: facts.rules.map(({ id }) => id),
    ...(mission?.aside?.length ? { aside: [...mission.aside] } : {}),
    budget: budgetFor(facts, request, agent?.manifest.limits),
    localOnly: request.localOnly ?? false,
    ...(call || mission || event ? {} : plansOf(facts, name, request.plans)),
    ...boundOf(facts, request.within, key),
    attended: request.ask !== undefined,
    ...(request.approvals ? { approvals: [...request.approvals] } : {}),
    ...(request.rehearsal ? { rehearsal: true as const } : {}),
    version: world.version,
  };
}

/** The most a run may reach: what is asked for, within what its key says. */
function boundOf(
  facts: Facts,
  asked: readonly string[] | undefined,
  key: Key | undefined,
): Pick<RunStarted, "within"> {
  const own = asked === undefined ? null : ceilingOf(facts, asked);
  const within = key?.scopes === undefined ? own : narrowedTo(own, ceilingOf(facts, key.scopes));
  return within === null ? {} : { within: [...within] };
}

async function companionIn({ companion }: World): Promise<Pick<RunStarted, "companion">> {
  const text = await companion();
  return text === null ? {} : { companion: text };
}

/** The turns before it, and how much of what their calls came to it is given. */
function conversationOf(
  facts: Facts,
  given: { request: Begun; agent: AgentManifest | undefined; model: RunModel },
): Pick<RunStarted, "after" | "results"> {
  const { request, agent, model } = given;
  const after = [...(request.after ?? [])];
  if (after.length === 0 || model.name === NO_MODEL.name) return { after };
  const room = roomFor(model, agent?.limits.messages ?? facts.limits.messages);
  return { after, ...(room === null ? {} : { results: room }) };
}

type Asked = Pick<
  RunStarted,
  "request" | "said" | "command" | "prompt" | "event" | "schedule" | "mission" | "client"
>;

/** What is asked, and what of it the operator said. */
function askedIn(
  { guard }: World,
  facts: Facts,
  { text: typed, event, mission, client, goal, schedule }: Begun,
): Asked {
  const timed = schedule === undefined ? {} : { schedule };
  const asker = client === undefined ? timed : { said: "", client, ...timed };
  if (mission) {
    const start = ordered(
      guard.clean(mission.start).value as unknown as Json,
    ) as unknown as MissionStart;
    // What the operator gave it is said; a plan is a file, and an agent's plan is an agent's words.
    const isSaid = start.by === OPERATOR && start.follows === undefined;
    const said = isSaid ? canonical(start.inputs as Json) : "";
    return { request: guard.clean(typed).value, said, mission: start, ...asker };
  }
  // A command is the operator's way to use a skill; whoever else types it has typed a text.
  if (client !== undefined) return { request: guard.clean(typed).value, ...asker };
  const { text, command, prompt } = meantBy(typed, facts);
  const request = guard.clean(text).value;
  const { skill = "", name = "" } = command ?? {};
  return {
    request,
    ...timed,
    ...(command && { said: guard.clean(command.typed).value, command: { skill, name } }),
    ...(prompt && !event && { prompt: guard.clean(prompt).value }),
    ...(goal === undefined ? {} : { said: guard.clean(goal).value }),
    // Nobody said anything: a file's name may be anybody's words.
    ...(event && { said: "", event }),
  };
}

function callIn({ guard }: World, call: DirectCall | undefined): Pick<RunStarted, "call"> {
  if (!call) return {};
  const { value, held } = guard.clean({ tool: call.tool, args: call.args });
  return { call: { ...value, ...(held.length === 0 ? {} : { secrets: [...held] }) } };
}

/**
 * What a delegated run begins with: its parent's facts, grants and words, and a part of its budget.
 * An agent that does not choose a model gets its parent's.
 *
 * @throws NanosError `model.*`.
 */
export async function childStart(
  world: World,
  asked: Parameters<RunChild>[0],
  run: string,
): Promise<RunStarted> {
  const { frame, one, agent: name, request, budget, reader, proves, inner } = asked;
  const { drive } = frame;
  const facts = inner ? withinOf(frame, inner.facts, name) : frame.facts;
  const agent = inner ? facts.oracle : name;
  const manifest = agentOf(facts, agent)?.manifest;
  const wanted = asked.model ?? (await ownModel(world, manifest?.model));
  const isTool = manifest !== undefined && toolOf(manifest) !== null;
  return {
    kind: "run.started",
    agent,
    request,
    after: [],
    parent: { run: drive.run, step: one.step, hash: one.judged, depth: frame.depth + 1 },
    said: frame.said,
    memories: [...frame.memories],
    ...(reader ? { reader } : {}),
    ...(proves ? { proves } : {}),
    model: isTool ? NO_MODEL : await modelOf(world, wanted ?? frame.model.name),
    ...(!isTool && wanted === null && frame.follows ? { follows: true as const } : {}),
    // Another arrangement works where it lies.
    ...(frame.scratch && !inner
      ? { workspace: frame.workspace }
      : groundOf(world, facts, manifest, run)),
    today: frame.today,
    facts: inner ? await world.keep(facts) : frame.factsHash,
    grants: [...frame.grants],
    rules: facts.rules.map(({ id }) => id),
    budget,
    localOnly: frame.localOnly,
    ...boundsFor(frame, inner ? name : null),
    ...(isTool || inner || reader || !manifest ? {} : workOf(frame, manifest, budget)),
    attended: frame.hooks.ask !== undefined,
    ...(frame.approvals.length > 0 ? { approvals: [...frame.approvals] } : {}),
    ...(frame.rehearsal ? { rehearsal: true as const } : {}),
    version: world.version,
  };
}

/** Where the operator calls a tool, or an agent is one, no model is asked. */
export const NO_MODEL = { name: "none", host: null, priced: true };

/** What another arrangement is judged by: its own facts, and the rules of the one it works for. */
function withinOf({ facts: outer }: Frame, inner: Facts, name: string): Facts {
  const own = inner.rules.map((rule) => ({ ...rule, id: `${name}/${rule.id}` }));
  // The day is the home's, whoever's agents they are.
  const { day: _, ...theirs } = inner;
  const day = outer.day === undefined ? {} : { day: outer.day };
  return ruledBy({ ...theirs, ...day, rules: outer.rules, routes: [] }, own);
}

/** Facts with more rules: what they say counts beside what the others do. */
export function ruledBy(facts: Facts, more: readonly Rule[]): Facts {
  const rules = [...facts.rules, ...more];
  return { ...facts, rules, policy: policyHash(rules, facts.routes) };
}

/**
 * What holds an agent holds those it hands work to. Another arrangement reaches what its manifest
 * here names and nothing else, whatever its own says.
 */
function boundsFor(
  frame: Frame,
  arrangement: string | null,
): Pick<RunStarted, "within" | "without" | "floor" | "aside"> {
  const { within: own, without, agent, facts } = frame;
  const floor = floorOf(frame);
  const taken = [...new Set([...without, ...(agent.manifest.disallowedTools ?? [])])];
  const named = arrangement === null ? undefined : agentOf(facts, arrangement)?.manifest.scopes;
  const within = arrangement === null ? own : narrowedTo(own, ceilingOf(facts, named ?? []));
  return {
    ...(within === null ? {} : { within: [...within] }),
    ...(taken.length === 0 ? {} : { without: taken }),
    ...(floor === null ? {} : { floor }),
    ...(frame.aside.length === 0 ? {} : { aside: [...frame.aside] }),
  };
}

function narrowedTo(within: Frame["within"], scopes: readonly Scope[]): readonly Scope[] {
  return within === null ? scopes : narrow(within, scopes);
}

/** @throws NanosError `run.bad_scope`. */
function ceilingOf({ workspace, userHome }: Facts, given: readonly string[]): string[] {
  return given.map((scope) => {
    const resolved = resolveScope(scope, workspace, userHome);
    const parsed = resolved === undefined ? null : parseScope(resolved);
    if (parsed !== null && parsed.kind !== "malformed") return parsed.text;
    const message = `${plainText(scope)} is no scope.`;
    throw new NanosError("run.bad_scope", message, "Write it as KIND:VALUE: read:./notes");
  });
}

/** The model an agent chooses itself; null for none, or a name that means one somewhere else. */
export async function ownModel(world: World, name: string = "inherit"): Promise<string | null> {
  if (name === "inherit") return null;
  if (!CLAUDE_MODELS.includes(name)) return name;
  try {
    return (await world.model(name)).name;
  } catch (error) {
    if (error instanceof NanosError && error.code === "model.unknown") return null;
    throw error;
  }
}

/** A model with those that stand in for it. @throws NanosError `model.*`. */
export async function modelOf(world: World, name: string): Promise<RunStarted["model"]> {
  const settings = world.modelSettings(name);
  const fallback: RunModel[] = [];
  for (const other of settings.fallback) {
    fallback.push(described(await world.model(other), world.modelSettings(other)));
  }
  const model = described(await world.model(name), settings);
  return fallback.length === 0 ? model : { ...model, fallback };
}

function described(model: Model, settings: ModelSettings): RunModel {
  const { context, tools, toolCount, dialect, images } = settings;
  return {
    name: model.name,
    host: model.host,
    priced: model.price !== null,
    ...(context === null ? {} : { context }),
    ...(tools ? {} : { tools }),
    ...(toolCount === undefined ? {} : { toolCount }),
    ...(dialect && { dialect }),
    ...(images ? { images } : {}),
  };
}

/** Another arrangement works for this one's agents; the operator starts it where it lies. */
function ownFolder({ name, dir = "" }: AgentManifest): NanosError {
  const message = `${name} is an arrangement of its own.`;
  return new NanosError("agent.own_folder", message, `Start nanos in ${plainText(dir)}.`);
}

/** There is no such agent; names the nearest. */
export function unknownAgent(name: string, facts: Facts): NanosError {
  const names = facts.agents.map(({ manifest }) => manifest.name);
  const near = nearest(name, names);
  const next = near ? `Did you mean ${near}?` : `Agents: ${names.join(", ") || "none"}.`;
  return new NanosError("agent.unknown", `There is no agent ${name}.`, next);
}
