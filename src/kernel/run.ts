import { canonical } from "../std/canonical.ts";
import { isObject, type Json } from "../std/json.ts";
import { sha256 } from "../std/hash.ts";
import type { RunStarted } from "../contracts/event.ts";
import type { Label } from "../contracts/label.ts";
import type { Message } from "../contracts/message.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { AgentSession, Ask, RunEnd } from "../contracts/run.ts";
import { OPERATOR_LABEL } from "../gate/labels.ts";
import { fillSay, routeOf } from "../gate/routes.ts";
import { hasIntent } from "../memory/clean.ts";
import { CONVERSATION } from "../memory/memory.ts";
import { act } from "./act.ts";
import { type Settled, commitAll } from "./commit-all.ts";
import { type Waits, type Worked, endOf, note, spoken, stopped, told } from "./ending.ts";
import { leave, speakerOf, windowAtFirst } from "./drive/leave.ts";
import { type Frame, type Given, draft, newFrame } from "./frame.ts";
import { recallResults } from "./flow/earlier.ts";
import { besides, heldTo, mend } from "./clients/form.ts";
import { imageParts, readImages } from "./images/image.ts";
import { openedText, tell } from "./flow/flow.ts";
import { type Acted, type Want, decisionWant } from "./proposal.ts";
import { CHANGE, growthWant, isProposed } from "./growth/grow.ts";
import { heldWant } from "./secrets/guard.ts";
import { spendTime } from "./spend.ts";
import { noTool, turn } from "./turn.ts";
import { clearStages } from "./wants/commit.ts";
import { DELEGATE, type RunChild, budgetFor, delegateWant } from "./wants/delegate.ts";
import { say } from "./wants/model.ts";
import { ACCEPT, acceptedIn, noteWant, ownMemories, REMEMBER } from "./wants/note.ts";
import { resultText, toolWant } from "./wants/tool.ts";
import { inTree } from "./tree/tree.ts";
import { UNDO, undoWant } from "./undo/want.ts";
import { EMBED } from "./vectors/name.ts";
import { embedWant, toldOf } from "./vectors/want.ts";
import { answerIn, continued, filled, sessionIn, toolOf, workArgs } from "./wants/work.ts";

/** What a run came to, or that it waits. */
export type Carried =
  | { readonly state: "ended"; readonly end: RunEnd; readonly label: Label }
  | Waits;

/** Everything a run is carried with. `world` and `watch` are null in a replay. */
export interface Carriage extends Pick<
  Given,
  "drive" | "world" | "watch" | "facts" | "hooks" | "started" | "label" | "branches"
> {
  /** The conversation before this run. */
  readonly past: readonly Message[];
  /** What came after the request in it, where its client carried out calls of its own tools. */
  readonly since?: readonly Message[];
  /** Where the agent of the run before can go on by itself. */
  readonly session?: AgentSession | null;
  /** What the gate decided in the run before, to be told where a route tells it. */
  readonly decisions: () => string;
  readonly runChild: RunChild;
  /** What says what comes next, where that is no model. */
  readonly decide: Decide | null;
}

/** What says what comes next in a run until it ends or waits. It follows from the record alone. */
export type Decide = (frame: Frame, carriage: Carriage) => Promise<Worked>;

/**
 * Carries one run from its start to its end: live, again after a crash, or from the record alone.
 * Everything it does follows from `started`, the facts and the recorded events.
 */
export async function carryRun(carriage: Carriage): Promise<Carried> {
  const { drive, started, past, label, decide } = carriage;
  const frame = frameOf(carriage);
  const { client } = started;
  const asker = client === undefined ? "operator" : `client:${client}`;
  const actor = started.parent ? `agent:${started.agent}` : asker;
  await drive.append([{ ...draft(frame, null, actor, started), label }], "later");
  for (const message of past) recallMessage(frame, message);
  frame.requestAt = frame.messages.length;
  frame.window = windowAtFirst(frame);
  hearRequest(frame, started);
  const { first, last } = besides(started);
  if (first !== "") say(frame, { role: "user", parts: [{ type: "text", text: first }] });
  const asked = { type: "text" as const, text: `${started.request}${last}` };
  say(frame, { role: "user", parts: [asked, ...imageParts(started)] });
  for (const message of carriage.since ?? []) recallMessage(frame, message);
  const worked = await inTree(frame, started, () => (decide ?? work)(frame, carriage));
  if (worked.state === "waiting") return worked;
  const { text, label: ownLabel } = openedText(frame, worked.text);
  const end = endOf(frame, await heldTo(frame, { ...worked, text }));
  const ended = draft(frame, null, "kernel", { kind: "run.ended", end });
  await drive.append([{ ...ended, label: ownLabel }]);
  await clearStages(frame);
  if (started.tree) frame.world?.trees.close(drive.run);
  return { state: "ended", end, label: ownLabel };
}

/** The conversation before: what agents answered in it is theirs, not the operator's. */
function recallMessage(frame: Frame, message: Message): void {
  const calls = frame.messages.at(-1);
  say(frame, message);
  if (message.role === "tool") return recallResults(frame, calls, message);
  if (message.role !== "assistant" && frame.started.client === undefined) return;
  const { label } = frame;
  const from = message.role === "assistant" ? "an earlier answer" : "an earlier request";
  const told = { label, from, skill: null, step: null };
  for (const part of message.parts) if (part.type === "text") tell(frame, part.text, told, label);
}

/** What another agent or a client asks for is told, not said: it may have read what others write. */
function hearRequest(frame: Frame, { parent, request, event, client, call }: RunStarted): void {
  const isTold = parent !== undefined || event !== undefined || client !== undefined;
  if (!isTold || frame.label.integrity !== "untrusted") return;
  const { label } = frame;
  const from = { label, from: "the request", skill: null, step: parent?.step ?? null };
  tell(frame, call === undefined ? request : [request, call.args], from, label);
}

/** A direct call, then a route of the operator's file, then turn after turn with the model. */
async function work(frame: Frame, carriage: Carriage): Promise<Worked> {
  await leave(frame);
  const { started } = frame;
  const { runChild } = carriage;
  if (started.call) return callDirectly(frame, started.call);
  const unread = await readImages(frame, started);
  if (unread) return unread;
  const asks = await keepRequest(frame, started);
  if (asks) return { state: "waiting", asks };
  const refused = await useCommand(frame, started);
  if (refused) return refused;
  const unasked = (await useOwnPrompt(frame)) ?? (await usePrompt(frame, started));
  if (unasked) return unasked;
  const routed = await followRoute(frame, carriage);
  if (routed) return routed;
  const own = toolOf(frame.agent.manifest);
  if (own !== null) return workBy(frame, own, carriage.session ?? null);
  // The gate stops a run without turns left; this bounds the loop whatever the gate says.
  for (let mended = false; frame.spent.turns <= frame.budget.turns;) {
    await leave(frame);
    const done = await turn(frame, runChild);
    switch (done.kind) {
      case "acted":
        continue;
      case "waiting":
        return { state: "waiting", asks: done.asks };
      case "stopped":
        return stopped(frame, done.outcome);
      case "handed":
        return { state: "done", outcome: "succeeded", text: done.text, calls: done.calls };
      case "spoken":
        if (!mended && !done.cut && (await mend(frame, done.text))) {
          mended = true;
          continue;
        }
        return spoken(frame, done.text, done.cut);
    }
  }
  return failed("run.turns", "The run used all its turns.", "Raise its limits or ask for less.");
}

/** The work of an agent that is a tool: one call, whose result is its answer. */
async function workBy(frame: Frame, name: string, before: AgentSession | null): Promise<Worked> {
  const { request } = frame.started;
  const tool = frame.facts.tools.find(({ manifest }) => manifest.name === name);
  if (!tool) return lacking(noTool(name, frame.facts), "See `nanos agent show`.");
  const args = workArgs(frame, request);
  const again = tool.kind === "acp" ? continued(frame, tool, before) : {};
  const want = toolWant(frame, tool, isObject(args) ? { ...args, ...again } : args);
  let cut = false;
  const worked = await doOne(frame, name, want, (output) => {
    const said = tool.kind === "acp" ? answerIn(output) : { answer: output, cut };
    cut = said.cut;
    frame.session = tool.kind === "acp" ? sessionIn(output, tool) : null;
    return pretty(said.answer).trim();
  });
  return cut && worked.state === "done" ? spoken(frame, worked.text, cut) : worked;
}

/** `nanos tool call`: one call as the operator, past the same gate. */
async function callDirectly(frame: Frame, call: NonNullable<RunStarted["call"]>): Promise<Worked> {
  if (call.tool === ACCEPT) {
    return doOne(frame, REMEMBER, noteWant(frame, acceptedIn(call.args)), pretty);
  }
  if (call.tool === EMBED) {
    return doOne(frame, EMBED, heldWant(embedWant(frame, call.args), call.secrets), toldOf);
  }
  if (call.tool === UNDO) return doOne(frame, UNDO, undoWant(frame, call.args), pretty);
  if (isProposed(frame, call.tool)) {
    const want = growthWant(frame, CHANGE, call.args);
    if (typeof want === "string") return failed("call.bad_arguments", want, "");
    return doOne(frame, CHANGE, want, pretty);
  }
  const tool = frame.facts.tools.find(({ manifest }) => manifest.name === call.tool);
  if (!tool) return lacking(noTool(call.tool, frame.facts), "See `nanos tool list`.");
  return doOne(frame, call.tool, heldWant(toolWant(frame, tool, call.args), call.secrets), pretty);
}

/**
 * What the operator says is kept where they say so, or where everything is captured. Only runs from
 * when there was no memory have facts that say nothing of it.
 */
async function keepRequest(frame: Frame, started: RunStarted): Promise<readonly Ask[] | null> {
  const { memory } = frame.facts;
  if (!memory || frame.depth > 0 || started.client !== undefined) return null;
  const captures = memory.enabled && memory.capture && memory.policy !== "off";
  if (!captures && !frame.intent) return null;
  const into = frame.intent ? ownMemories(frame)[0] : CONVERSATION;
  const wish = { text: started.said ?? started.request, memory: into ?? CONVERSATION };
  const acted = await act(frame, noteWant(frame, wish));
  return acted.status === "waiting" ? acted.asks : null;
}

/** A result for a person to read; keys sorted, so that a replay reads the same. */
export function pretty(output: Json): string {
  if (typeof output === "string") return output;
  return JSON.stringify(JSON.parse(canonical(output)), null, 2);
}

/** The first route that matches the request, when there is one: no model is asked. */
async function followRoute(
  frame: Frame,
  { runChild, decisions }: Carriage,
): Promise<Worked | null> {
  const { started } = frame;
  if (frame.depth > 0 || started.agent !== frame.facts.oracle || started.since) return null;
  const conversation = (): string => conversationOf(frame);
  const given = { today: () => frame.today, conversation, decisions };
  const found = routeOf(started.request, frame.facts.routes, given);
  if (!found) return null;
  const { id, confidence } = found.route;
  const sure = confidence === undefined ? {} : { confidence, rival: found.rival ?? null };
  const args = { route: id, request: sha256(started.request), ...sure };
  const route = { gate: "route", kind: "run", name: found.route.id, args } as const;
  const routed = await act(frame, decisionWant(frame, route));
  if (routed.status === "waiting") return { state: "waiting", asks: routed.asks };
  if (routed.status === "settled" && routed.outcome.status !== "done") {
    return stopped(frame, routed.outcome);
  }
  const text = found.say ?? "{result}";
  if (found.tool !== undefined) {
    const tool = frame.facts.tools.find(({ manifest }) => manifest.name === found.tool);
    if (!tool) {
      const next = `Mend the route ${found.route.id} in routes.yaml.`;
      return lacking(noTool(found.tool, frame.facts), next);
    }
    const args = found.args ?? {};
    const own = { label: OPERATOR_LABEL, from: "routes.yaml", skill: null, step: null };
    tell(frame, args, own, frame.label);
    return doOne(frame, found.tool, toolWant(frame, tool, args), (output) => fillSay(text, output));
  }
  if (found.agent !== undefined) {
    const budget = budgetFor(frame, found.agent, { calls: 1, delegations: 1 });
    const errand = { agent: found.agent, request: started.request, budget };
    return doOne(frame, DELEGATE, delegateWant(frame, errand, runChild), (output) =>
      fillSay("{result.answer}", output),
    );
  }
  return { state: "done", outcome: "succeeded", text: fillSay(text, null) };
}

/** What was said before, as far as it is still given. */
function conversationOf({ messages, requestAt, window }: Frame): string {
  const said = messages.slice(window.past, requestAt).filter(hasText);
  const lines = said.map(({ role, parts }) => {
    const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
    return `${role === "user" ? "you" : "agent"}: ${text}`;
  });
  const left = window.past === 0 ? [] : [`(${window.past} older messages are left out)`];
  return [...left, ...lines].join("\n") || "Nothing was said yet.";
}

function hasText({ parts }: Message): boolean {
  return parts.some(({ type }) => type === "text");
}

/** A skill's command is used like any other part of it: the agent has it, and the yes to it holds. */
async function useCommand(
  frame: Frame,
  { command, said = "" }: RunStarted,
): Promise<Worked | null> {
  if (!command) return null;
  const args = { command: command.name, words: sha256(said) };
  const use = { gate: "call", kind: "tool", name: `/${command.name}`, args } as const;
  const acted = await act(frame, {
    ...decisionWant(frame, { ...use, skill: command.skill }),
    attached: frame.agent.manifest.skills.includes(command.skill),
  });
  if (acted.status === "waiting") return { state: "waiting", asks: acted.asks };
  return acted.status === "settled" && acted.outcome.status !== "done"
    ? stopped(frame, acted.outcome)
    : null;
}

/** The prompt its manifest names, which a file of the operator's fills. */
async function useOwnPrompt(frame: Frame): Promise<Worked | null> {
  const { manifest } = frame.agent;
  if (manifest.prompt === undefined) return null;
  const tool = frame.facts.tools.find(({ prompt }) => prompt === manifest.prompt);
  const args = manifest.args ?? {};
  const own = { label: OPERATOR_LABEL, from: "its agent's file", skill: null, step: null };
  tell(frame, args, own, frame.label);
  const name = tool?.manifest.name ?? manifest.prompt;
  return usePrompt(frame, { prompt: { tool: name, args: filled(args, frame.started.request) } });
}

/**
 * The words of a server's prompt join the conversation behind the request that names it. They are the
 * server's: nothing in them counts as said by the operator.
 */
async function usePrompt(
  frame: Frame,
  { prompt }: Pick<RunStarted, "prompt">,
): Promise<Worked | null> {
  if (!prompt) return null;
  const { tool: name, args } = prompt;
  const tool = frame.facts.tools.find(({ manifest }) => manifest.name === name);
  if (!tool) return lacking(noTool(name, frame.facts), "See `nanos tool list`.");
  const done = await doAlone(frame, name, toolWant(frame, tool, args));
  if (done.state === "waiting") return done;
  const { outcome } = done.settled;
  if (outcome.status !== "done") return stopped(frame, outcome);
  const { text } = resultText(outcome);
  say(frame, {
    role: "user",
    parts: [{ type: "text", text: `${tool.prompt ?? name} gives:\n${text}` }],
  });
  return null;
}

/** One action that is the whole run: done, committed, told. */
async function doOne(
  frame: Frame,
  name: string,
  want: Want,
  tell: (output: Json) => string,
): Promise<Worked> {
  const done = await doAlone(frame, name, want);
  if (done.state === "waiting") return done;
  const { outcome } = done.settled;
  return outcome.status === "done" ? told(outcome, tell(outcome.output)) : stopped(frame, outcome);
}

/** One action by itself: done, committed, and kept for what the end of the run says. */
export async function doAlone(
  frame: Frame,
  name: string,
  want: Want,
): Promise<Waits | { readonly state: "settled"; readonly settled: Settled }> {
  const acted: Acted = await act(frame, want);
  if (acted.status === "waiting") return { state: "waiting", asks: acted.asks };
  if (acted.status !== "settled") throw new Error("bug: a call was not settled");
  spendTime(frame, [acted.ms]);
  const all = await commitAll(frame, [{ name, args: want.action.args }], [acted]);
  if (all.kind === "waiting") return { state: "waiting", asks: all.asks };
  const settled = all.value[0] as Settled;
  note(frame, { name, args: want.action.args }, settled);
  return { state: "settled", settled };
}

/** A tool that is needed and not there; what mends it is its own advice, where it has one. */
function lacking(failure: Failure, next: string): Worked {
  return { state: "done", outcome: "failed", text: "", failure: { next, ...failure } };
}

function failed(code: string, message: string, next: string): Worked {
  return { state: "done", outcome: "failed", text: "", failure: { code, message, next } };
}

/** The frame a run starts with. */
export function frameOf(carriage: Carriage): Frame {
  const {
    past,
    since: _since,
    session: _,
    runChild: _child,
    decisions: _decisions,
    decide: _decide,
    ...given
  } = carriage;
  const { facts, started } = carriage;
  const said = (started.parent && started.said) ?? saidIn(past, started);
  const intent = hasIntent(started.said ?? started.request);
  return newFrame({ ...given, ...speakerOf(facts, started), said, intent });
}

/** The operator's own words: this request and theirs before it. */
function saidIn(past: readonly Message[], started: RunStarted): string {
  if (started.event || started.client !== undefined) return "";
  const before = past.flatMap((message) => (message.role === "user" ? message.parts : []));
  const texts = before.map((part) => (part.type === "text" ? part.text : ""));
  const own = started.said ?? started.request;
  return [...texts, own, ...(started.call ? [canonical(started.call.args)] : [])].join("\n");
}
