import { type Script, type ScriptInput, Script as ScriptSchema } from "../contracts/script.ts";
import type { ScriptTurn } from "../contracts/script.ts";
import type { Message } from "../contracts/message.ts";
import type {
  Embedded,
  EmbedWish,
  ModelEnd,
  ModelEvent,
  ModelRequest,
  Setting,
} from "../contracts/model.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { Clock } from "../std/clock.ts";
import { localDate } from "../std/clock.ts";
import { messageOf } from "../std/error.ts";
import { isObject, type Json } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { firstLine } from "../std/text.ts";
import { usageOf } from "./answer.ts";
import { newestText, textIn } from "./conversation.ts";
import { MODEL_FAILURES, modelError, modelFailure, type ModelFailureCode } from "./failures.ts";
import { type Model, FREE } from "./model.ts";
import { vectorsOfWords } from "./vectors/vectors.ts";

/**
 * A model that gives recorded answers: a shipped fake for tests, demonstrations and teaching.
 *
 * A script is a list of turns. A request is answered by the **first turn, from the top, that fits
 * and is not used up**:
 *
 * - It fits when `agent` matches the whole name of the asking agent and every regular expression
 *   under `when` matches: `last` the newest text of operator or tool, `system` the system text,
 *   `text` anything in the request. Case is ignored; `^` and `$` match at lines.
 * - A turn without `when`, or with `once: true`, answers once per conversation and is then used up;
 *   so turns without `when` are given in order. `once: false` makes one answer again and again.
 *
 * What is used up follows from the request alone: for every answer already in it, the turn is
 * looked up that would have given it. So the same request always gets the same answer, in any
 * process, and a resumed run goes on where it stopped.
 *
 * `say`, `think` and the strings in `args` may hold `{1}`, `{2}`… and `{name}`: the groups of the
 * expressions, numbered through `last`, `system`, `text` in this order; `{0}`, the whole first
 * match; `{last}`, the newest text; `{today}`, the local date. Other braces stay as they are.
 *
 * With `vectors: NUMBERS` it makes vectors as well, of so many numbers, of the words of a text.
 *
 * ```yaml
 * turns:
 *   - agent: research
 *     when: { system: "Reachable: (?<host>\\S+)", last: "react" }
 *     once: true
 *     calls: [{ name: web_fetch, args: { url: "http://{host}/" } }]
 *   - agent: research
 *     say: "Found on {today}."
 * ```
 */
export function scriptModel(
  name: string,
  script: ScriptInput,
  clock: Clock,
  file = "in memory",
): Model {
  const find = compileScript(script, file);
  const { vectors } = script;
  return {
    name,
    host: null,
    price: FREE,
    takes: PLAYED_SETTINGS,
    stream: (request, signal) => {
      const turn = find(request, clock.now());
      return speak(turn && bounded(turn, request), request, signal, clock, file);
    },
    ...(vectors !== undefined && {
      embed: async (wish: EmbedWish, signal: AbortSignal): Promise<Embedded> => {
        if (signal.aborted) return { kind: "cancelled" };
        return vectorsOfWords(wish, { dimensions: vectors, model: name });
      },
    }),
  };
}

/** What a script answers to a request: a turn with its texts filled in, or null. */
export type FindTurn = (request: ModelRequest, now: number) => ScriptTurn | null;

/**
 * Checks a script and compiles its expressions.
 *
 * @throws NanosError `model.bad_script` naming the turn and what is wrong with it.
 */
export function compileScript(script: unknown, file: string): FindTurn {
  const checked = ScriptSchema.safeParse(script);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    const where = issue?.path.join(".") ?? "";
    throw modelError("model.bad_script", { file }, `${where}: ${issue?.message ?? ""}`);
  }
  const entries = compileTurns(checked.data, file);
  return (request, now) => {
    const own = entries.filter((entry) => entry.agent?.test(request.agent) ?? true);
    const hit = firstFit(request, own, usedBy(request, own), request.messages.length);
    return hit === null ? null : filled(hit, request, now);
  };
}

/**
 * How a model that draws nothing keeps to the settings of a request: whichever temperature or seed is
 * given, its answer is the same, and where an answer has to end, its own does.
 */
export const PLAYED_SETTINGS: readonly Setting[] = [
  ...(["maxTokens", "temperature", "topP", "seed", "stop"] as const),
];

/** Characters a token has, where nothing counts them otherwise. */
const TOKEN_CHARS = 4;

/** A text as far as a request lets it go; `cut` where so many tokens are not enough for it. */
export function boundedText(
  whole: string,
  { maxTokens, stop = [] }: Pick<ModelRequest, "maxTokens" | "stop">,
): { readonly text: string; readonly cut: boolean } {
  const ends = stop.map((text) => whole.indexOf(text)).filter((at) => at >= 0);
  const said = whole.slice(0, Math.min(whole.length, ...ends));
  const most = (maxTokens ?? Number.POSITIVE_INFINITY) * TOKEN_CHARS;
  if (said.length <= most) return { text: said, cut: false };
  return { text: said.slice(0, most).replace(/[\ud800-\udbff]$/u, ""), cut: true };
}

/** What it says, ended where the request says. */
function bounded(turn: ScriptTurn, request: ModelRequest): ScriptTurn {
  const { say } = turn;
  if (say === undefined) return turn;
  const { text, cut } = boundedText(say, request);
  if (text === say) return turn;
  return { ...turn, say: text, finish: turn.finish ?? (cut ? "length" : "stop") };
}

interface Entry {
  readonly turn: ScriptTurn;
  readonly agent: RegExp | null;
  readonly when: readonly { readonly of: Where; readonly pattern: RegExp }[];
  readonly once: boolean;
}

interface Hit {
  readonly entry: Entry;
  readonly matches: readonly RegExpExecArray[];
}

type Where = "last" | "system" | "text";
const WHERE: readonly Where[] = ["last", "system", "text"];

function compileTurns(script: Script, file: string): readonly Entry[] {
  return script.turns.map((turn, index) => {
    const pattern = (source: string, flags: string): RegExp => {
      try {
        if (source.length > LIMITS.patternChars) throw new Error("the expression is too long");
        return new RegExp(source, flags);
      } catch (error) {
        throw modelError("model.bad_script", { file }, `turns.${index}: ${messageOf(error)}`);
      }
    };
    if (turn.fail !== undefined && !Object.hasOwn(MODEL_FAILURES, turn.fail)) {
      const detail = `turns.${index}.fail: there is no code ${turn.fail}`;
      throw modelError("model.bad_script", { file }, detail);
    }
    return {
      turn,
      agent: turn.agent === undefined ? null : pattern(`^(?:${turn.agent})$`, "u"),
      when: WHERE.flatMap((of) => {
        const source = turn.when?.[of];
        return source === undefined ? [] : [{ of, pattern: pattern(source, "imu") }];
      }),
      once: turn.once ?? turn.when === undefined,
    };
  });
}

/** Turns that may not be given again. */
interface Used {
  readonly entries: Set<Entry>;
  /** All turns above this one are used up, so that a long script is not searched from its top. */
  from: number;
}

/** The turns that gave the answers already in the request and may not be given again. */
function usedBy(request: ModelRequest, entries: readonly Entry[]): Used {
  const used: Used = { entries: new Set(), from: 0 };
  if (!entries.some((entry) => entry.once)) return used;
  for (const [index, message] of request.messages.entries()) {
    if (message.role !== "assistant") continue;
    const hit = firstFit(request, entries, used, index);
    if (!hit?.entry.once) continue;
    used.entries.add(hit.entry);
    for (let next = entries[used.from]; next && used.entries.has(next);) {
      used.from += 1;
      next = entries[used.from];
    }
  }
  return used;
}

/** The turn that answers the first `length` messages. */
function firstFit(
  request: ModelRequest,
  entries: readonly Entry[],
  used: Used,
  length: number,
): Hit | null {
  const { system, messages } = request;
  const subject: Record<Where, () => string> = {
    last: () => newestText(messages, length),
    system: () => system,
    text: () => wholeText(system, messages, length),
  };
  for (let i = used.from; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    if (used.entries.has(entry)) continue;
    const matches: RegExpExecArray[] = [];
    for (const { of, pattern } of entry.when) {
      const match = pattern.exec(subject[of]());
      if (match === null) break;
      matches.push(match);
    }
    if (matches.length === entry.when.length) return { entry, matches };
  }
  return null;
}

function wholeText(system: string, messages: readonly Message[], length: number): string {
  return [system, ...messages.slice(0, length).map(textIn)].join("\n");
}

function filled({ entry, matches }: Hit, request: ModelRequest, now: number): ScriptTurn {
  const holes = new Map<string, string>([
    ["today", localDate(now)],
    ["last", newestText(request.messages)],
    ["0", matches[0]?.[0] ?? ""],
  ]);
  let number = 0;
  for (const match of matches) {
    for (const group of match.slice(1)) holes.set(String(++number), group ?? "");
    for (const [group, text] of Object.entries(match.groups ?? {})) holes.set(group, text ?? "");
  }
  const fill = (text: string): string =>
    text.replace(/\{(\w+)\}/gu, (hole, key: string) => holes.get(key) ?? hole);
  const { turn } = entry;
  return {
    ...turn,
    ...(turn.say !== undefined && { say: fill(turn.say) }),
    ...(turn.think !== undefined && { think: fill(turn.think) }),
    ...(turn.calls && {
      calls: turn.calls.map((call) => ({ ...call, args: fillJson(call.args, fill) })),
    }),
  };
}

function fillJson(value: Json, fill: (text: string) => string): Json {
  if (typeof value === "string") return fill(value);
  if (Array.isArray(value)) return value.map((item: Json) => fillJson(item, fill));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([k, item]) => [k, fillJson(item, fill)]));
}

async function* speak(
  turn: ScriptTurn | null,
  request: ModelRequest,
  signal: AbortSignal,
  clock: Clock,
  file: string,
): AsyncGenerator<ModelEvent> {
  if (turn === null) {
    yield exhausted(request, file);
    return;
  }
  const parts: ModelEnd["message"]["parts"] = [];
  for (const type of ["thinking", "text"] as const) {
    const text = type === "text" ? turn.say : turn.think;
    if (text === undefined || text === "") continue;
    const part = { type, text: "" };
    parts.push(part);
    for (const delta of turnPieces(text, turn.chunk)) {
      if (turn.delayMs) await clock.sleep(turn.delayMs, signal);
      if (signal.aborted) return yield ended("cancelled", shown(parts));
      part.text += delta;
      yield { type, delta };
    }
  }
  const answered = request.messages.filter((message) => message.role === "assistant").length;
  for (const [index, { name, args, broken }] of (turn.calls ?? []).entries()) {
    if (turn.delayMs) await clock.sleep(turn.delayMs, signal);
    if (signal.aborted) break;
    const id = `call_${answered + 1}_${index + 1}`;
    const call = { type: "call" as const, id, name };
    yield call;
    parts.push({ ...call, ...(broken === undefined ? { args } : { args: null, broken }) });
  }
  if (signal.aborted) return yield ended("cancelled", shown(parts));
  yield endOf(turn, shown(parts), file);
}

function shown(parts: ModelEnd["message"]["parts"]): ModelEnd["message"]["parts"] {
  return parts.filter((part) => part.type === "call" || part.text !== "");
}

function endOf(turn: ScriptTurn, parts: ModelEnd["message"]["parts"], file: string): ModelEnd {
  const facts = { model: file, host: file, id: file, url: file, file };
  const usage = turn.usage && usageOf(turn.usage, FREE);
  const end = (finish: ModelEnd["finish"], failure?: Failure): ModelEnd => ({
    ...ended(finish, parts),
    ...(usage && { usage }),
    ...(failure && { failure }),
  });
  if (turn.fail !== undefined) {
    return end("failed", modelFailure(turn.fail as ModelFailureCode, facts));
  }
  if (turn.finish === "filtered") return end("filtered", modelFailure("model.filtered", facts));
  const called = parts.some((part) => part.type === "call");
  if (turn.finish !== undefined) return end(turn.finish);
  if (parts.length === 0) return end("failed", modelFailure("model.empty", facts));
  return end(called ? "calls" : "stop");
}

function ended(finish: ModelEnd["finish"], parts: ModelEnd["message"]["parts"]): ModelEnd {
  return { type: "end", finish, message: { role: "assistant", parts } };
}

function exhausted(request: ModelRequest, file: string): ModelEnd {
  const asked = firstLine(newestText(request.messages), 120);
  const failure = modelFailure("model.script_exhausted", { file, agent: request.agent, asked });
  return { ...ended("failed", []), failure };
}

/** A turn's text in the deltas it is given out as. */
export function turnPieces(text: string | undefined, size: number | undefined): readonly string[] {
  if (text === undefined || text === "") return [];
  if (size === undefined) return [text];
  // By characters, so that none is cut in two.
  const letters = Array.from(text);
  const pieces: string[] = [];
  for (let i = 0; i < letters.length; i += size) pieces.push(letters.slice(i, i + size).join(""));
  return pieces;
}
