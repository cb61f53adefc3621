import type { Nanos } from "../../contracts/nanos.ts";
import type { AskReply, AskView, Question } from "../../contracts/question.ts";
import { REASONS } from "../../contracts/reason.ts";
import type { Rule } from "../../contracts/rules.ts";
import type { Ask } from "../../contracts/run.ts";
import { clip, plainText } from "../../std/text.ts";
import { exact, exactLines, place } from "./args.ts";
import { changeLines } from "./change.ts";
import { type Line, span } from "./line.ts";
import { cellsOf, wrap } from "./width.ts";

/** All there is to know of an open ask; its own sentence alone where the rest cannot be read. */
export function viewOf({ approvals }: Nanos, ask: Ask): AskView {
  try {
    return approvals.show(ask.id);
  } catch {
    return { ...ask, action: null, question: null };
  }
}

/**
 * An ask on one line, for where nobody can answer in place: agent, tool, exact arguments, where
 * to, why, and how to answer. `run` is the one to resume: the asking one or who delegated to it.
 */
export function askLine(ask: AskView, run: string): Line {
  const args = ask.question === null ? "" : ` ${clip(exact(ask.question.args), MOST_CHARS)}`;
  return [
    span("waits: ", "yellow"),
    `${ask.agent} wants ${ask.name}${args} → ${whereTo(ask)}: ${why(ask)}. `,
    span(`nanos approvals approve ${ask.id}`, "bold"),
    " then ",
    span(`nanos resume ${run}`, "bold"),
  ];
}

/** Arguments on one line beyond this many characters are left to `approvals show`. */
const MOST_CHARS = 600;

/**
 * An ask as a card to read before a yes: who wants what, with which arguments, where to, why, at
 * what cost, and the rule that says never. Long arguments are cut and say by how much; `all` shows
 * them and the rule whole.
 */
export function askCard(ask: AskView, width: number, all = false): readonly Line[] {
  const { question } = ask;
  const what = whatLines(ask, width, all);
  const most = all ? what.length : MOST_LINES;
  const rank = question === null ? "" : `rank ${question.rank}: ${question.cost}`;
  return [
    ...wrap(`${ask.agent} wants ${ask.name}`, width - 2).map((line, i): Line => [
      span(i === 0 ? "? " : "  ", "yellow"),
      span(line, "bold"),
    ]),
    ...what.slice(0, most),
    ...(what.length > most
      ? [[span(`  │ … ${what.length - most} more lines, ? shows them`, "yellow")] as Line]
      : []),
    ...part("where", whereTo(ask), width),
    ...part("why", why(ask), width),
    ...(rank === "" ? [] : part("cost", rank, width)),
    ...(ask.earlier ? part("before", ask.earlier.says, width) : []),
    ...(question === null ? [] : part("never", neverText(ask.id, question), width)),
    ...(question !== null && all
      ? ruleLines(question.never).flatMap((line) => wrap(line, width - 2).map(indented))
      : []),
  ];
}

/** Exact arguments; of a write what it changes, as its arguments are only the hash of that. */
function whatLines(ask: AskView, width: number, all: boolean): readonly Line[] {
  const { question, changes = [] } = ask;
  const args = question === null ? wrap(ask.what, width - 4) : argLines(question, width - 4);
  const quoted = args.map((line): Line => [span("  │ ", "dim"), line]);
  const changed = changes.flatMap((change) => changeLines(change, width));
  return changed.length > 0 && !all ? changed : [...quoted, ...changed];
}

const MOST_LINES = 12;

/** Exact arguments: on one line where they fit, else a line for each. */
function argLines(question: Question, cells: number): readonly string[] {
  const whole = exact(question.args);
  if (cellsOf(whole) <= cells) return [whole];
  return exactLines(question.args).flatMap((line) => wrap(line, cells));
}

function part(name: string, text: string, width: number): readonly Line[] {
  return wrap(text, width - 9).map((line, i): Line => [
    span(i === 0 ? `  ${name.padEnd(7)}` : "         ", "dim"),
    line,
  ]);
}

/** The rule that says never, in short, and the command that prints it whole. */
function neverText(id: string, { never }: Question): string {
  const places = [never.when.scope ?? []].flat().map(place);
  const to = places.length === 0 ? "" : ` to ${places.join(", ")}`;
  return `deny ${[never.when.name].flat().join()}${to}: nanos rules suggest ${id}`;
}

/** A rule as it would stand in rules.yaml: JSON is YAML. */
export function ruleLines({ id, description, when, then, mode, ...cases }: Rule): string[] {
  const flow = (value: unknown): string => JSON.stringify(value);
  return [
    `  - id: ${id}`,
    ...(description === undefined ? [] : [`    description: ${flow(description)}`]),
    `    when: ${flow(when)}`,
    `    then: ${then}`,
    ...(mode === "enforce" ? [] : [`    mode: ${mode}`]),
    `    example: ${flow(shortCase(cases.example))}`,
    `    counter: ${flow(shortCase(cases.counter))}`,
  ];
}

/** A case without what is understood where nothing is said. */
function shortCase({ kind, agent, scopes, args, ...rest }: Rule["example"]): object {
  return {
    ...(kind === "tool" ? {} : { kind }),
    ...rest,
    ...(agent === "oracle" ? {} : { agent }),
    ...(scopes.length === 0 ? {} : { scopes }),
    ...(JSON.stringify(args) === "{}" ? {} : { args }),
  };
}

function indented(line: string): Line {
  return [span(`  ${line}`, "dim")];
}

/** The keys that answer an ask. A yes is never the default. */
export function askKeys({ question }: AskView): Line {
  const far = reachOf(question);
  const key = (name: string): Line[0] => span(name, "bold");
  return [
    "  ",
    key("y"),
    isCritical(question) ? " yes, by its name  " : " once  ",
    ...(far === null ? [] : [key("a"), ` ${far}  `]),
    key("n"),
    " no  ",
    key("l"),
    " later  ",
    key("?"),
    " all of it",
  ];
}

/** What a yes for the run covers; null where it is not offered. */
function reachOf(question: Question | null): string | null {
  return question === null ? AGAIN : question.covers;
}

const AGAIN = "exactly this again, this run";

/** What each key answers to this ask; null leaves it open. Every other key does nothing. */
export function askReplies({ question }: AskView): Readonly<Record<string, AskReply | null>> {
  const once = { y: { verdict: "allow", reach: "once" } } as const;
  const far = { a: { verdict: "allow", reach: "run" } } as const;
  const no = { n: { verdict: "deny", reach: "once" }, l: null } as const;
  return reachOf(question) === null ? { ...once, ...no } : { ...once, ...far, ...no };
}

/** True where a yes takes the action's name, typed. */
export function isCritical(question: Question | null): boolean {
  return question?.rank === "S";
}

/** What asks for that name. */
export function toType({ name }: Ask): string {
  return `type ${plainText(name)} to allow it`;
}

/** What stays on the screen once an ask was answered. */
export function askSaid(ask: Ask, reply: AskReply | null): Line {
  const said = reply === null ? "left for later" : reply.verdict === "deny" ? "denied" : "allowed";
  const far = reply?.reach === "run" ? ", for this run" : "";
  return [span("  ? ", "yellow"), `${ask.agent}: ${ask.name} `, span(`${said}${far}`, "dim")];
}

/** Why it is asked, as the end of a sentence. */
export function why(ask: Ask): string {
  const named = (REASONS as Readonly<Record<string, string>>)[ask.reason];
  return named ?? ask.reason.replace(/^Asked because /u, "").replace(/\.$/u, "");
}

/** Where it would go, as people say it. */
export function whereTo({ question, keys, name }: AskView): string {
  if (question !== null) return question.where.join(", ");
  // A key is `WHAT:NAME|DESTINATION|LABEL`.
  const named = keys.map((key) => key.split("|")[1] ?? "").filter(Boolean);
  return [...new Set(named)].join(", ") || name;
}
