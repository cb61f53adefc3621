import type { Action } from "../../contracts/action.ts";
import type { Label } from "../../contracts/label.ts";
import type { AssistantMessage } from "../../contracts/message.ts";
import { type Json, isObject } from "../../std/json.ts";
import { plainText } from "../../std/text.ts";
import { isTextSaid } from "../../gate/endorse.ts";
import { type Told, decidingValues, wordsOf } from "../../gate/flow/values.ts";
import type { Flow } from "../../gate/gate.ts";
import { joinLabels } from "../../gate/labels.ts";
import { destinationsOf } from "../../gate/layers/label.ts";
import { ASKED_SINCE, LABELS_SINCE, SAME_USE_SINCE } from "../../gate/policy.ts";
import type { LoadedTool } from "../../tools/tool-host.ts";
import type { Frame } from "../frame.ts";

/**
 * How values flow through a run: what it was told and by whom, which tools were thought of before it
 * read what others can write, and how often each was used. All of it follows from the record.
 */
export interface RunFlow {
  /** Every text the model was given beside the operator's words and its own prompt. */
  readonly told: Told[];
  /** Tools used or named while nothing untrusted had been read. */
  readonly named: Set<string>;
  /** Uses of a tool for the same destinations. */
  readonly uses: Map<string, number>;
  /** The same as each call found it, by step. */
  readonly before: Map<string, number>;
  /** Texts kept out of the conversation, by the handle that stands for each. */
  readonly texts: Map<string, { readonly text: string; readonly label: Label }>;
}

export function newFlow(): RunFlow {
  return { told: [], named: new Set(), uses: new Map(), before: new Map(), texts: new Map() };
}

/** False for runs begun before labels were judged: they are reproduced as they were. */
export function isLabelled({ facts }: Pick<Frame, "facts">): boolean {
  return (facts.gate ?? 1) >= LABELS_SINCE;
}

/** What a call's arguments decide, for the record and the gate; nothing where it acts nowhere. */
export function decidesOf(
  frame: Frame,
  { manifest, skill }: LoadedTool,
  args: Json,
): Pick<Action, "decides" | "reads"> {
  if (!isLabelled(frame)) return {};
  const { said, flow } = frame;
  const decides = decidingValues(args, manifest.args, { said, told: flow.told, skill });
  return { decides, ...(manifest.reads === true ? { reads: true } : {}) };
}

/** How the run came to a call; undefined where nobody asks. */
export function flowOf(frame: Frame, action: Action): Flow | undefined {
  if (action.kind !== "tool" || action.decides === undefined) return undefined;
  const { named, uses } = frame.flow;
  // Whoever hands work on again and again would else have a fresh use of the tool each time.
  const isSaid = frame.depth === 0 && isTextSaid(frame.said, action.name);
  const isPlanned = isClean(frame) || named.has(action.name) || isSaid;
  return { planned: isPlanned, uses: uses.get(useOf(action)) ?? 0 };
}

/** Keeps that the run was let use a tool, or had to ask. */
export function noteUse(frame: Frame, action: Action, step: string): void {
  if (action.kind !== "tool") return;
  if (isClean(frame)) frame.flow.named.add(action.name);
  if (action.decides === undefined) return;
  const key = useOf(action);
  const uses = frame.flow.uses.get(key) ?? 0;
  frame.flow.before.set(step, uses);
  frame.flow.uses.set(key, uses + 1);
}

/**
 * Makes a call again that came to nothing outside: it is still the same use, and is judged as the one
 * it was, whatever else was called beside it. `step` is the one it was made as.
 */
export async function sameUse<T>(
  frame: Frame,
  { step, action }: { readonly step: string; readonly action: Action },
  again: () => Promise<T>,
): Promise<T> {
  const { uses, before } = frame.flow;
  const key = useOf(action);
  const all = uses.get(key) ?? 0;
  const isOld = (frame.facts.gate ?? 1) < SAME_USE_SINCE;
  uses.set(key, Math.max(0, isOld ? all - 1 : (before.get(step) ?? all - 1)));
  const came = await again();
  if (!isOld) uses.set(key, Math.max(all, uses.get(key) ?? 0));
  return came;
}

function useOf(action: Action): string {
  return [action.name, ...destinationsOf(action)].join("\n");
}

/** What the model says it will use before it has read anything of others is its plan. */
export function notePlan(frame: Frame, message: AssistantMessage): void {
  if (!isClean(frame)) return;
  const text = message.parts.map((part) => (part.type === "text" ? part.text : "")).join("\n");
  for (const { manifest } of frame.facts.tools) {
    if (isTextSaid(text, manifest.name)) frame.flow.named.add(manifest.name);
  }
}

function isClean({ label }: Frame): boolean {
  return label.integrity !== "untrusted";
}

/** What a call was given, as what its answer may only repeat; nothing in runs begun before. */
export function askedWith(frame: Frame, args: Json): Pick<Told, "asked"> {
  const isOld = (frame.facts.gate ?? 1) < ASKED_SINCE;
  return isOld ? {} : { asked: wordsOf(opened(frame, args).args) };
}

/** Keeps what the run was told, and lets its label fall to that of the text. */
export function tell(frame: Frame, output: Json, told: Omit<Told, "words">, label: Label): void {
  frame.flow.told.push({ ...told, words: wordsOf(output) });
  frame.label = joinLabels(frame.label, label);
}

/** Keeps texts out of the conversation: it holds their handles. Where they are from is known. */
export function keepTexts(
  { flow }: Frame,
  texts: Readonly<Record<string, string>>,
  told: Omit<Told, "words">,
): void {
  for (const [handle, text] of Object.entries(texts)) {
    flow.texts.set(handle, { text, label: told.label });
    flow.told.push({ ...told, words: wordsOf(text) });
  }
}

/** Arguments with the texts their handles stand for, and the label of what they are then. */
export function opened(frame: Frame, given: Json): { readonly args: Json; readonly label: Label } {
  const { texts } = frame.flow;
  let { label } = frame;
  const open = (value: Json): Json => {
    if (typeof value === "string") {
      const one = openedText({ ...frame, label }, value);
      ({ label } = one);
      return one.text;
    }
    if (Array.isArray(value)) return value.map((one: Json) => open(one));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, open(one)]));
  };
  return { args: texts.size === 0 ? given : open(given), label };
}

/** A text with others in place of their handles, and the label of all of it. */
export function openedText(
  { flow, ...frame }: Pick<Frame, "flow" | "label">,
  given: string,
): { readonly text: string; readonly label: Label } {
  let text = given;
  let { label } = frame;
  for (const [handle, kept] of flow.texts) {
    if (!text.includes(handle)) continue;
    text = text.replaceAll(handle, () => plainText(kept.text));
    label = joinLabels(label, kept.label);
  }
  return { text, label };
}
