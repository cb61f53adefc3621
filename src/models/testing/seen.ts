import assert from "node:assert/strict";
import type { ModelEnd, ModelEvent } from "../../contracts/model.ts";
import type { ModelFailureCode } from "../failures.ts";
import type { Seen } from "./cases.ts";

/** Drains a stream, holds it against the contract, and sums it up. */
export async function seen(stream: AsyncIterable<ModelEvent>): Promise<Seen> {
  const events: ModelEvent[] = [];
  for await (const event of stream) events.push(event);
  const ends = events.filter((event) => event.type === "end");
  assert.equal(ends.length, 1, "not exactly one end");
  const end = events.at(-1) as ModelEnd;
  assert.equal(end.type, "end", "the end is not last");
  assert(!JSON.stringify(events).includes("canary"), "a key is in an event");
  const text = partsOf(end, "text").join("");
  const thinking = partsOf(end, "thinking").join("");
  assert.equal(deltas(events, "text").trim(), text.trim(), "deltas are not the text");
  assert.equal(deltas(events, "thinking"), thinking, "deltas are not the reasoning");
  const calls = end.message.parts.filter((part) => part.type === "call");
  const ids = calls.map((call) => call.id);
  assert.equal(new Set(ids).size, ids.length, "a call id is there twice");
  assert(!ids.includes(""), "a call has no id");
  const begun = events.flatMap((event) => (event.type === "call" ? [event.id] : []));
  assert.deepEqual(begun, ids, "calls begun are not the calls of the end");
  const waits = events.flatMap((event) =>
    event.type === "retry" ? [event.ms % 1_000 === 0 ? event.ms : null] : [],
  );
  assert(!end.failure || end.failure.next, "a failure has no next step");
  return {
    ...(text !== "" && { text: calls.length > 0 ? text.trim() : text }),
    ...(thinking !== "" && { thinking }),
    ...(calls.length > 0 && {
      calls: calls.map((call) =>
        call.broken === undefined
          ? ([call.name, call.args] as const)
          : ([call.name, call.args, call.broken] as const),
      ),
    }),
    finish: end.finish,
    ...(end.usage && { usage: end.usage }),
    ...(end.failure && { code: end.failure.code as ModelFailureCode }),
    ...(waits.length > 0 && { waits }),
  };
}

function partsOf(end: ModelEnd, type: "text" | "thinking"): string[] {
  return end.message.parts.flatMap((part) => (part.type === type ? [part.text] : []));
}

function deltas(events: readonly ModelEvent[], type: "text" | "thinking"): string {
  return events.map((event) => (event.type === type ? event.delta : "")).join("");
}
