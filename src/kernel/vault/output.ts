import { canonical, ordered } from "../../std/canonical.ts";
import { hashOf } from "../../std/hash.ts";
import { isObject, type Json } from "../../std/json.ts";
import type { Outcome } from "../../contracts/outcome.ts";

/** What a step came to, as a task ends with it and others go on from it: of another run its answer alone. */
export function answerIn({ child, output, released }: Extract<Outcome, { status: "done" }>): Json {
  return ordered(child && !released && isObject(output) ? (output["answer"] ?? null) : output);
}

/** The bytes of a task's output that has this hash, as a person gets them; null where it is another. */
export function outputIn(outcome: Outcome, hash: string): Uint8Array | null {
  const output = outcome.status === "done" ? answerIn(outcome) : null;
  return outcome.status === "done" && hashOf(output) === hash ? Buffer.from(textOf(output)) : null;
}

function textOf(output: Json): string {
  return typeof output === "string"
    ? output
    : `${JSON.stringify(JSON.parse(canonical(output)), null, 2)}\n`;
}
