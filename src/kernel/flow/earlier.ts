import { canonical } from "../../std/canonical.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Action } from "../../contracts/action.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { Event } from "../../contracts/event.ts";
import type { RunModel } from "../../contracts/model.ts";
import type { Label } from "../../contracts/label.ts";
import type { CallPart, Message, ResultPart } from "../../contracts/message.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import { REQUEST_LABEL, UNKNOWN_LABEL, joinLabels } from "../../gate/labels.ts";
import type { Journal } from "../../journal/journal.ts";
import type { Frame } from "../frame.ts";
import { askedWith, tell } from "./flow.ts";
import { IMAGE } from "../images/name.ts";
import { DELEGATE } from "../wants/delegate.ts";
import { resultText } from "../wants/tool.ts";
import { tokensOf } from "../wants/window.ts";

/**
 * What the calls of earlier turns came to, as a later turn is given it: from the record, under the
 * labels it came with. All of it follows from the record and the room the run began with, so a
 * replay has the same. When the room is used up the oldest go, down to half of it: a conversation
 * whose beginning moved with every turn would never be found in a provider's cache.
 */

/** A call of an earlier turn, and what came of it. */
export interface Earlier {
  readonly run: string;
  readonly call: CallPart;
  readonly result: ResultPart;
  /** Of call and result together. */
  readonly label: Label;
  readonly tokens: number;
}

/** Calls that are given, oldest first, and how many older ones are not. */
export interface EarlierCalls {
  readonly calls: readonly Earlier[];
  readonly left: number;
  /** The first event whose words are gone. */
  readonly erased: Event | null;
}

/** Turns looked through: at least so many of the newest. Part of what a replay goes by. */
const TURNS = 20;
/** A result takes at most this share of the room, what it was called with half of that. */
const SHARE = 4;

/**
 * The room a run's model has for them, in tokens; none where its agent takes a number of messages,
 * and where the model knows no calls.
 */
export function roomFor(
  { context, tools }: Pick<RunModel, "context" | "tools">,
  messages: number | undefined,
): number | null {
  if (messages !== undefined || tools === false) return null;
  const share = Math.floor((context ?? Number.POSITIVE_INFINITY) * LIMITS.earlierShare);
  return Math.min(LIMITS.earlierTokens, share);
}

/** The calls of these runs that fit, as they were before the entry numbered `before`. */
export function earlierCalls(
  journal: Journal,
  after: readonly string[],
  { before, room }: { readonly before: number; readonly room: number },
): EarlierCalls {
  // So many at a time, as the beginning would move with every turn.
  const from = Math.max(0, (Math.floor(after.length / TURNS) - 1) * TURNS);
  let calls: Earlier[] = [];
  let left = 0;
  let used = 0;
  let erased: Event | null = null;
  for (const run of after.slice(from)) {
    const found = callsOf(journal, run, { before, room });
    erased ??= found.erased;
    for (const one of found.calls) {
      calls.push(one);
      used += one.tokens;
      while (used > room) {
        const kept = fitting(calls, room / 2);
        left += calls.length - kept.length;
        calls = kept;
        used = tokensIn(kept);
      }
    }
  }
  return { calls, left, erased };
}

/** The newest that fit. */
function fitting(calls: readonly Earlier[], room: number): Earlier[] {
  let from = calls.length;
  for (let used = 0; from > 0; from--) {
    used += calls[from - 1]?.tokens ?? 0;
    if (used > room) break;
  }
  return calls.slice(from);
}

function tokensIn(calls: readonly Earlier[]): number {
  return calls.reduce((sum, { tokens }) => sum + tokens, 0);
}

/** One turn's calls and results as two messages; none where there were none. */
export function earlierMessages(
  { calls, left }: Pick<EarlierCalls, "calls" | "left">,
  run: string,
): readonly Message[] {
  const own = calls.filter((one) => one.run === run);
  if (own.length === 0) return [];
  const said = (result: ResultPart): ResultPart =>
    left > 0 && result.id === calls[0]?.result.id
      ? { ...result, text: `[What ${left} earlier calls came to is left out.]\n${result.text}` }
      : result;
  return [
    { role: "assistant", parts: own.map(({ call }) => call) },
    { role: "tool", parts: own.map(({ result }) => said(result)) },
  ];
}

/** What calls of an earlier turn came to is what it was: it vouches for nothing they had asked with. */
export function recallResults(
  frame: Frame,
  calls: Message | undefined,
  { parts }: Extract<Message, { role: "tool" }>,
): void {
  const { label } = frame;
  const asked = new Map((calls?.parts ?? []).flatMap((one) => argsIn(one)));
  for (const { id, name, text } of parts) {
    const own = askedWith(frame, asked.get(id) ?? null);
    tell(frame, text, { label, from: `${name}, earlier`, skill: null, step: id, ...own }, label);
  }
}

function argsIn(part: { readonly type: string }): readonly [string, Json][] {
  return callsIn([part]).map(({ id, args }) => [id, args]);
}

interface Step {
  readonly action: Action;
  readonly args: Json;
  readonly outcome: Outcome | "erased" | null;
  readonly label: Label;
}

/** What a run's own calls came to. What a tool asked back for in a call is part of the call. */
function callsOf(
  journal: Journal,
  run: string,
  { before, room }: { readonly before: number; readonly room: number },
): Pick<EarlierCalls, "calls" | "erased"> {
  const steps = new Map<string, Step>();
  const asked: CallPart[] = [];
  const head = journal.head(run);
  // What an ended run was made of its end's label has already.
  const isEnded = head?.kind === "run.ended" && head.seq < before;
  let erased: Event | null = null;
  for (const { event, body } of journal.chain(run)) {
    if (event.seq >= before) break;
    if (body?.kind === "model.answered") asked.push(...callsIn(body.message.parts));
    if (body?.kind === "action.proposed" && event.step !== null) {
      const { action } = body;
      const at = asked.findIndex(({ name }) => name === nameOf(action));
      const [own] = at === -1 ? [] : asked.splice(at, 1);
      if (!isCall(event.step, action, own !== undefined)) continue;
      // The action's own arguments may hold texts that its model never saw.
      const args = own?.args ?? action.args;
      const label = own && isEnded ? REQUEST_LABEL : action.label;
      steps.set(event.step, { action, args, outcome: null, label });
    }
    if (event.kind === "action.settled") {
      if (body === null) erased ??= event;
      settle(steps, { event, body });
    }
  }
  return { calls: [...steps].flatMap(([id, step]) => callOf(run, id, step, room)), erased };
}

/** A commit that came to nothing is what came of the call it is of. */
function settle(steps: Map<string, Step>, { event, body }: Recorded): void {
  const { step } = event;
  const own = step === null ? undefined : steps.get(step);
  if (own === undefined) return;
  const outcome = body?.kind === "action.settled" ? body.outcome : "erased";
  const label = joinLabels(own.label, labelOf(event, outcome));
  const { action } = own;
  steps.set(step ?? "", { ...own, outcome, label });
  if (action.kind !== "commit") return;
  const { of } = action.args as { readonly of: string };
  const call = steps.get(of);
  if (call === undefined || outcome === "erased" || outcome.status === "done") return;
  steps.set(of, { ...call, outcome });
}

/** The kernel's own word has none. Data that an agent gave by schema is nobody's words. */
function labelOf({ label, actor }: Event, outcome: Outcome | "erased"): Label {
  if (label === null) return actor === "kernel" ? REQUEST_LABEL : UNKNOWN_LABEL;
  const isData = outcome !== "erased" && outcome.status === "done" && outcome.released === true;
  return isData ? { ...label, integrity: REQUEST_LABEL.integrity } : label;
}

function callOf(
  run: string,
  id: string,
  { action, args, outcome, label }: Step,
  room: number,
): readonly Earlier[] {
  if (action.kind === "commit" || outcome === null) return [];
  const said = outcome === "erased" ? { text: "(erased)", error: false } : resultText(outcome);
  const name = nameOf(action);
  const call: CallPart = { type: "call", id, name, args: shortened(args, room) };
  const result: ResultPart = { type: "result", id, name, ...said, text: cut(said.text, room) };
  const tokens = tokensOf(JSON.stringify(call)) + tokensOf(JSON.stringify(result));
  return [{ run, call, result, label, tokens }];
}

/** What the model called, the operator or a route; and commits, which are part of calls. */
function isCall(step: string, { kind, name }: Action, isAsked: boolean): boolean {
  if (step.split(".").length > 2 || name.startsWith("/") || name === IMAGE) return false;
  if (kind === "note" || kind === "artifact") return isAsked;
  return kind === "tool" || kind === "agent" || kind === "commit";
}

function callsIn(parts: readonly { readonly type: string }[]): readonly CallPart[] {
  return parts.filter((part): part is CallPart => part.type === "call");
}

function nameOf({ kind, name }: Action): string {
  return kind === "agent" ? DELEGATE : name;
}

/** Characters a token has at most, as they are counted. */
const CHARS = 4;

function cut(text: string, room: number): string {
  // Some letters are several bytes and more tokens; a byte is what is counted.
  const most = Math.floor((room / SHARE) * CHARS);
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  const kept = bytes
    .subarray(0, most)
    .toString()
    .replace(/\ufffd+$/u, "");
  return `${kept}\n[cut: ${text.length - kept.length} characters more]`;
}

function shortened(args: Json, room: number): Json {
  const size = Buffer.byteLength(canonical(args));
  return size <= (room / SHARE / 2) * CHARS ? args : { left_out: `${size} characters` };
}
