import type { Action } from "../../contracts/action.ts";
import { REASONS } from "../../contracts/reason.ts";
import type { AskReply } from "../../contracts/nanos.ts";
import type { Ask } from "../../contracts/run.ts";
import { isObject, type Json } from "../../std/json.ts";
import { clip } from "../../std/text.ts";
import { exact, exactLines, place } from "./args.ts";
import { type Line, span } from "./line.ts";
import { wrap } from "./width.ts";

/** What an ask shows of its action; null while the action itself cannot be read. */
export type Asked = Pick<Action, "args" | "destinations"> | null;

/** The action of an ask as the home gives it back: whole, or its exact arguments alone. */
export function askedOf(action: Json): Asked {
  if (isObject(action) && "gate" in action && "destinations" in action) {
    return action as unknown as Action;
  }
  return { args: action, destinations: [] };
}

/**
 * An ask on one line, for where nobody can answer in place: agent, tool, exact arguments, where
 * to, why, and how to answer. `run` is the one to resume: the asking one or who delegated to it.
 */
export function askLine(ask: Ask, asked: Asked, run: string): Line {
  const args = asked === null ? "" : ` ${clip(exact(asked.args), MOST_CHARS)}`;
  return [
    span("waits: ", "yellow"),
    `${ask.agent} wants ${ask.name}${args} → ${whereTo(ask, asked)}: ${why(ask)}. `,
    span(`nanos approvals approve ${ask.id}`, "bold"),
    " then ",
    span(`nanos resume ${run}`, "bold"),
  ];
}

/** Arguments on one line beyond this many characters are left to `approvals show`. */
const MOST_CHARS = 600;

/**
 * An ask as a card to read before a yes. Long arguments are cut and say by how much; `all` shows
 * them whole.
 */
export function askCard(ask: Ask, asked: Asked, width: number, all = false): readonly Line[] {
  const args =
    asked === null ? [] : exactLines(asked.args).flatMap((line) => wrap(line, width - 4));
  const most = all ? args.length : MOST_LINES;
  return [
    [span("? ", "yellow"), span(`${ask.agent} wants ${ask.name}`, "bold")],
    ...wrap(ask.what, width - 2).map((line) => `  ${line}`),
    [span("  where  ", "dim"), whereTo(ask, asked)],
    ...wrap(why(ask), width - 9).map((line, i): Line => [
      span(i === 0 ? "  why    " : "         ", "dim"),
      line,
    ]),
    ...args.slice(0, most).map((line): Line => [span("  │ ", "dim"), line]),
    ...(args.length > most
      ? [span(`  │ … ${args.length - most} more lines, ? shows them`, "yellow")]
      : []
    ).map((one): Line => [one]),
  ];
}

const MOST_LINES = 12;

/** The keys that answer an ask. A yes is never the default. */
export const ASK_KEYS: Line = [
  span("  y", "bold"),
  " once  ",
  span("a", "bold"),
  " this destination, this run  ",
  span("n", "bold"),
  " no  ",
  span("l", "bold"),
  " later  ",
  span("?", "bold"),
  " all of it",
];

/** What each key answers; null leaves it open. Every other key does nothing. */
export const ASK_REPLIES: Readonly<Record<string, AskReply | null>> = {
  y: { verdict: "allow", reach: "once" },
  a: { verdict: "allow", reach: "run" },
  n: { verdict: "deny", reach: "once" },
  l: null,
};

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
export function whereTo(ask: Ask, asked: Asked): string {
  const places = (asked?.destinations ?? []).map(place);
  if (places.length > 0) return places.join(", ");
  // A key is `WHAT:NAME|DESTINATION|LABEL`.
  const named = ask.keys.map((key) => key.split("|")[1] ?? "").filter(Boolean);
  return [...new Set(named)].join(", ") || ask.name;
}
