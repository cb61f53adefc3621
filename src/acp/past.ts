import type { Nanos } from "../contracts/nanos.ts";
import type { TraceLine } from "../contracts/trace.ts";
import type { JsonObject } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { firstLine, plainText } from "../std/text.ts";
import { type Send, tellEvent } from "./telling.ts";

/**
 * Conversations, which an editor calls sessions. One is named after its first run, and is in the
 * journal: nothing is kept of it here.
 */
export interface Past {
  readonly id: string;
  /** Its runs, oldest first. */
  readonly runs: readonly string[];
  readonly newest: TraceLine;
}

/** The operator's own conversations, newest first. */
export function pastOf({ traces }: Nanos): readonly Past[] {
  const lines = traces.list({ limit: LIMITS.clientSearched });
  const gone = new Set(lines.flatMap(({ after }) => after));
  return lines.flatMap((newest) => {
    const { run, after, client, rehearsal } = newest;
    if (gone.has(run) || client !== undefined || rehearsal === true) return [];
    const runs = [...after, run];
    return [{ id: runs[0] ?? run, runs, newest }];
  });
}

/** As an editor lists it. */
export function sessionInfo({ id, newest }: Past, cwd: string): JsonObject {
  const updatedAt = new Date(newest.at).toISOString();
  return { sessionId: id, cwd, title: firstLine(newest.request), updatedAt };
}

/** Tells a conversation anew: what was asked, what was done, what was answered. */
export function tellPast(nanos: Nanos, { runs }: Past, send: Send): void {
  for (const run of runs.slice(-TOLD)) {
    for (const one of nanos.traces.events(run)) {
      const { body } = one;
      if (body?.kind === "run.started") say(send, "user_message_chunk", body.said ?? body.request);
      tellEvent(nanos, send, one);
      if (body?.kind === "run.ended") say(send, "agent_message_chunk", body.end.text);
    }
  }
}

/** Newest turns of a conversation that are told anew; all of them count. */
const TOLD = 50;

function say(send: Send, sessionUpdate: string, text: string): void {
  if (text !== "") send({ sessionUpdate, content: { type: "text", text: plainText(text) } });
}
