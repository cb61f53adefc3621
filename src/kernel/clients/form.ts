import { canonical } from "../../std/canonical.ts";
import type { Wish } from "../../contracts/http/wish.ts";
import type { RunStarted } from "../../contracts/event.ts";
import type { Worked } from "../ending.ts";
import type { Frame } from "../frame.ts";
import { say } from "../wants/model.ts";
import { jsonIn, whyUnfit } from "../flow/answer.ts";

/**
 * The form a client wants its answer in. The model is told of it beside the request, and once more
 * where its answer does not fit; one that does not fit then is no answer.
 */

type Form = NonNullable<Wish["form"]>;

/** What is said beside the request: what the client says first, and what the answer has to be. */
export function besides({ wish }: RunStarted): { readonly first: string; readonly last: string } {
  const { instructions, form } = wish ?? {};
  return {
    first: instructions === undefined ? "" : `The client says first: ${instructions}`,
    last: form === undefined ? "" : `\n\nAnswer with ${wanted(form)}, and with nothing else.`,
  };
}

function wanted({ schema }: Form): string {
  if (schema === null) return "one JSON object";
  return `one JSON value that fits this JSON Schema:\n${canonical(schema)}\n`.trimEnd();
}

/** Tells the model what is wrong with its answer; false where nothing is, or no form is wanted. */
export async function mend(frame: Frame, text: string): Promise<boolean> {
  const { form } = frame.started.wish ?? {};
  const why = form === undefined ? null : await unfit(form, text);
  if (form === undefined || why === null) return false;
  const again = `${why} Answer again, with ${wanted(form)}, and with nothing else.`;
  say(frame, { role: "user", parts: [{ type: "text", text: again }] });
  return true;
}

/** What the run came to, held against what its client wants: a form, or a call of its tools. */
export async function heldTo(
  { started }: Frame,
  worked: Extract<Worked, { state: "done" }>,
): Promise<typeof worked> {
  const { form, must } = started.wish ?? {};
  const { outcome, text, calls } = worked;
  const stands = outcome === "succeeded" || outcome === "degraded";
  if (!stands || calls !== undefined) return worked;
  if (must !== undefined) {
    return failed("run.no_call", "The model called none of the client's tools, though it had to.");
  }
  if (form === undefined) return worked;
  const why = await unfit(form, text);
  if (why !== null) return failed("run.unfit", `No answer in that form came. ${why}`);
  return { ...worked, text: JSON.stringify(jsonIn(text)) };
}

function failed(code: string, message: string): Extract<Worked, { state: "done" }> {
  const failure = { code, message, next: "Ask again, or ask for less." };
  return { state: "done", outcome: "failed", text: "", failure };
}

async function unfit({ schema }: Form, text: string): Promise<string | null> {
  const value = jsonIn(text);
  if (value === undefined) return "The answer is not JSON.";
  return whyUnfit(schema ?? ANY_OBJECT, value);
}

const ANY_OBJECT = { type: "object" };
