import { isObject, sameJson, type Json } from "../../std/json.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { AssistantMessage, CallPart } from "../../contracts/message.ts";
import type { ModelCard } from "../../contracts/model.ts";
import type { ProbeOptions } from "../../contracts/nanos.ts";
import type { Failure } from "../../contracts/outcome.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { ASK_COLOUR, namesColour, someColour, withColour } from "../images/colour.ts";
import { begin } from "../runner.ts";
import type { World } from "../world.ts";
import { SUM_TOOL, probeLab } from "./lab.ts";

/**
 * Measures what a model can do by asking it. Every question is a run of its own, judged, recorded
 * and replayable like all others; its tools reach nothing.
 */

/** What came of a probe: the card, and the runs that are its evidence. */
export interface Probed {
  readonly card: ModelCard;
  readonly runs: readonly string[];
}

/** What is known of a model before it is asked. */
interface Known {
  /** Tokens its window is thought to hold. */
  readonly window: number;
  /** Its adapter has a place for images. */
  readonly sendable: boolean;
}

/**
 * Probes the model `name`.
 *
 * @throws NanosError `model.*` as opening it does, or the model's own failure when it answers
 * nothing at all.
 */
export async function probeModel(
  world: World,
  name: string,
  { window, sendable }: Known,
  options: ProbeOptions = {},
): Promise<Probed> {
  const runs: string[] = [];
  let dialect: "printed" | undefined;
  const ask: Asking = async (about, text, { images = [], among = 1 } = {}) => {
    options.on?.(about);
    const { signal } = options;
    const budget = { turns: TURNS };
    const request = { text, images, model: name, budget, ...(signal ? { signal } : {}) };
    const { run, done } = await begin(probeLab(world, { dialect, tools: among }), request);
    await done;
    runs.push(run);
    return answersIn(world.journal.chain(run));
  };
  const first = await ask("calling a tool", CALL);
  hadTo(first, ({ code }) => !code.endsWith("tools_unsupported"));
  let tools = first.some(addsUp);
  if (!tools) {
    dialect = "printed";
    tools = (await ask("calling a tool it is told of in words", CALL)).some(addsUp);
    if (!tools) dialect = undefined;
  }
  const parallel =
    tools &&
    (await ask("several calls at once", SUMS)).some(({ message }) => sums(message).length > 1);
  const many = tools ? { toolCount: await among(ask) } : {};
  const json = (await ask("plain JSON", JSON_ONLY)).some(({ message }) =>
    isTheJson(textOf(message)),
  );
  const speed = speedOf(await ask("speed", COUNT));
  const images = sendable && !world.scrubs(name) ? { images: await sees(ask, world.random) } : {};
  const context = await longest(ask, options.context ?? window);
  const how = dialect && { dialect };
  return { card: { tools, parallel, json, context, speed, ...how, ...many, ...images }, runs };
}

function addsUp({ message }: Answered): boolean {
  return sums(message).some((args) => sameJson(args, { a: 17, b: 25 }));
}

type Asking = (
  about: string,
  text: string,
  given?: { readonly images?: readonly string[]; readonly among?: number },
) => Promise<readonly Answered[]>;

/** @throws NanosError the failure among these answers that says nothing of what the model can do. */
function hadTo(answers: readonly Answered[], isFault: (failure: Failure) => boolean): void {
  const failure = answers.map((one) => one.failure).find((one) => one && isFault(one));
  if (!failure) return;
  throw new NanosError(failure.code, failure.message, failure.next ?? "See `nanos model list`.");
}

/** Whether it names the colours of two images; a refusal of one is a no. */
async function sees(ask: Asking, random: World["random"]): Promise<boolean> {
  let last: Parameters<typeof someColour>[1] = null;
  for (let n = 0; n < 2; n++) {
    const colour = someColour(random, last);
    const answers = await withColour(colour, (path) =>
      ask("an image", ASK_COLOUR, { images: [path] }),
    );
    hadTo(answers, ({ code }) => AWAY.has(code));
    if (!answers.some(({ message }) => namesColour(textOf(message), colour))) return false;
    last = colour;
  }
  return true;
}

/** Failures of the way to a model. */
const AWAY: ReadonlySet<string> = new Set([
  "model.unreachable",
  "model.rate_limited",
  "model.overloaded",
  "model.quota",
  "model.silent",
]);

const TURNS = 2;
const CALL = "Call the tool probe_sum with a = 17 and b = 25. Then say the result.";
const PICK =
  "Call the one tool that adds two numbers, with a = 17 and b = 25, and no other. Then say the result.";
const SUMS =
  "Call the tool probe_sum three times at once, in one answer: 1 and 2, 3 and 4, 5 and 6.";
const ANSWER: Json = { colour: "red", count: 3 };
const JSON_ONLY = `Answer with exactly this JSON object and nothing else: ${JSON.stringify(ANSWER)}`;
const COUNT = "Count from one to sixty in English words, separated by spaces. Nothing else.";

interface Answered {
  readonly message: AssistantMessage;
  readonly failure: Failure | undefined;
  readonly output: number | undefined;
  readonly ms: number;
}

function answersIn(recorded: Iterable<Recorded>): readonly Answered[] {
  return Array.from(recorded).flatMap(({ body }) =>
    body?.kind === "model.answered"
      ? [{ message: body.message, failure: body.failure, output: body.usage?.output, ms: body.ms }]
      : [],
  );
}

function sums(message: AssistantMessage): Json[] {
  return callsIn(message).flatMap(({ name, args }) => (name === SUM_TOOL ? [args] : []));
}

function callsIn(message: AssistantMessage): readonly CallPart[] {
  return message.parts.filter((part) => part.type === "call");
}

function textOf(message: AssistantMessage): string {
  return message.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

function isTheJson(text: string): boolean {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) && sameJson(value, ANSWER);
  } catch {
    return false;
  }
}

/** Tokens a second over everything it answered; null when it does not count them. */
function speedOf(answers: readonly Answered[]): number | null {
  const tokens = answers.reduce((sum, { output }) => sum + (output ?? 0), 0);
  const ms = answers.reduce((sum, one) => sum + one.ms, 0);
  return tokens === 0 || ms === 0 ? null : Math.round((tokens / ms) * 10_000) / 10;
}

/** The largest set of tools, doubled each time, out of which it calls the right one and no other. */
async function among(ask: Asking): Promise<number> {
  let known = 1;
  for (let tools = LEAST_TOOLS; tools <= LIMITS.probeTools; tools *= 2) {
    const answers = await ask(`the right one of ${tools} tools`, PICK, { among: tools });
    hadTo(answers, ({ code }) => AWAY.has(code));
    const calls = answers.flatMap(({ message }) => callsIn(message));
    if (!answers.some(addsUp) || calls.some(({ name }) => name !== SUM_TOOL)) return known;
    known = tools;
  }
  return known;
}

const LEAST_TOOLS = 4;

/** The longest text, doubled each time, whose first line it still knows at the end. */
async function longest(ask: Asking, most: number): Promise<number> {
  let known = 0;
  for (let tokens = Math.min(LEAST, most); ; tokens = Math.min(tokens * 2, most)) {
    const word = `amber-${tokens}`;
    const filler = LINE.repeat(Math.ceil((tokens * 4) / LINE.length));
    const text = `The code word is ${word}.\n${filler}\nAnswer with the code word and nothing else.`;
    const answers = await ask(`${tokens} tokens of text`, text);
    if (!answers.some(({ message }) => textOf(message).includes(word))) return known;
    known = tokens;
    if (tokens >= most) return known;
  }
}

const LEAST = 2_000;
const LINE = "The river went on past the mill, the meadow and the town, as it did every day.\n";
