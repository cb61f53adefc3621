import type { Nanos } from "../../contracts/nanos.ts";
import type { TraceLine } from "../../contracts/trace.ts";
import { NanosError } from "../../std/error.ts";
import { firstLine } from "../../std/text.ts";
import { type Line, span } from "../render/line.ts";
import { table } from "../render/table.ts";
import { clockTime } from "../render/words.ts";
import { wrap } from "../render/width.ts";

/** A conversation of before: its runs, oldest first, and the newest one's line. */
export interface Past {
  readonly runs: readonly string[];
  readonly newest: TraceLine;
}

/** Runs looked through for conversations. */
const LOOKED_THROUGH = 500;
/** Conversations offered. */
const OFFERED = 20;
/** Turns shown when one is taken up again. */
const SHOWN = 6;

/**
 * The operator's conversations, newest first: runs that no later one goes on from. What was called by
 * name or asked to measure a model is none.
 */
export function pastOf({ traces, agents }: Nanos): readonly Past[] {
  const lines = traces.list({ limit: LOOKED_THROUGH });
  const gone = new Set(lines.flatMap(({ after }) => after));
  const known = new Set(agents.list().map(({ manifest }) => manifest.name));
  return lines
    .filter(({ rehearsal, client }) => rehearsal !== true && !client)
    .filter(({ run, agent }) => !gone.has(run) && known.has(agent))
    .slice(0, OFFERED)
    .map((newest) => ({ runs: [...newest.after, newest.run], newest }));
}

/**
 * The conversation `run` belongs to, up to that run.
 *
 * @throws NanosError `session.no_past`.
 */
export function pastTo(nanos: Nanos, run: string): readonly string[] {
  const line = nanos.traces.list({ limit: LOOKED_THROUGH }).find((one) => one.run === run);
  if (line !== undefined) return [...line.after, line.run];
  throw new NanosError("session.no_past", `There is no conversation ${run}.`, "/past lists them.");
}

/** What the operator said, as it stands in a transcript: of much, the beginning and the end. */
export function saidLines(text: string, width: number): readonly Line[] {
  const lines = wrap(text, width - 2);
  const more = lines.length - SAID;
  const shown = more <= 1 ? lines : [...lines.slice(0, SAID / 2), "", ...lines.slice(-SAID / 2)];
  return shown.map((line, i): Line => {
    if (more > 1 && i === SAID / 2) return ["  ", span(`… ${more} more lines …`, "dim")];
    return [span(i === 0 ? "> " : "  ", "cyan"), line];
  });
}

/** Lines of a message that are shown. */
const SAID = 20;

/** Conversations as a table. */
export function pastTable(past: readonly Past[], width: number): readonly Line[] {
  if (past.length === 0) return ["No conversations yet."];
  return table(
    [
      { title: "newest run", text: ({ newest }) => newest.run, style: () => "bold" },
      { title: "when", text: ({ newest }) => clockTime(newest.at) },
      { title: "turns", text: ({ runs }) => String(runs.length) },
      { title: "last said", text: ({ newest }) => firstLine(newest.request, 200) },
    ],
    past,
    width,
  );
}

/** The last turns of a conversation, as they were said. */
export function pastLines({ traces }: Nanos, runs: readonly string[], width: number): Line[] {
  const left = runs.length - SHOWN;
  return [
    ...(left > 0 ? [[span(`… ${left} earlier turns`, "dim")] as Line] : []),
    ...runs.slice(-SHOWN).flatMap((run) => {
      const { request, end } = traces.show(run);
      return [...saidLines(request, width), ...wrap(end?.text.trim() ?? "", width), ""];
    }),
    [span("The conversation goes on from here.", "dim")],
  ];
}
