import type { Recorded } from "../../contracts/drive.ts";
import type { RunState } from "../../contracts/run.ts";

/** A value as one JSON document for people and programs. */
export function jsonDocument(value: unknown): string {
  return harmless(JSON.stringify(value, null, 2));
}

/**
 * An event as one line: what the journal holds beside the body's own fields. A `run.ended` shows
 * the fields of its end, so that a script reads `outcome` and `text` without digging.
 */
export function eventLine({ event, body }: Recorded): string {
  const { seq, run, step, at, actor, kind, isolation, label, hash } = event;
  const fields: Record<string, unknown> = body === null ? { erased: true } : { ...body };
  if (body?.kind === "run.ended") {
    delete fields["end"];
    Object.assign(fields, body.end);
  }
  const head = { seq, run, step, at, actor, kind };
  return harmless(JSON.stringify({ ...head, ...fields, ...head, isolation, label, hash }));
}

// JSON escapes what is below a space; a terminal also obeys C1 controls and bidi overrides.
const RISKY = /[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The same JSON value, with nothing in it a terminal could obey. */
function harmless(json: string): string {
  return json.replace(RISKY, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** How a run stands as one line, where no event of this process said it. */
export function lastLine(state: RunState): string {
  const { run } = state;
  if (state.state === "ended") {
    return harmless(JSON.stringify({ kind: "run.ended", ...state.ended }));
  }
  const asks = state.state === "waiting" ? state.asks : [];
  return harmless(JSON.stringify({ run, kind: "run.waiting", asks }));
}
