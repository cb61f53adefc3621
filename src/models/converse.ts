import type { ModelEvent, ModelRequest } from "../contracts/model.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { Clock } from "../std/clock.ts";
import { messageOf } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import type { Random } from "../std/random.ts";
import { Answer, type AnswerOptions } from "./answer.ts";
import { mayPass, modelFailure } from "./failures.ts";
import { inWords } from "./wire/told.ts";

/** One try at getting an answer. */
export interface Attempt {
  /** Waits for the next piece and tells the answer of it. False once there is no more. */
  pull(): Promise<boolean>;
  /** Called once, when the answer is over or the caller has left. */
  close(): void;
}

/** How a model answers, apart from repeating, ending and cancelling, which are the same for all. */
export interface Speaker extends AnswerOptions {
  readonly clock: Clock;
  begin(request: ModelRequest, answer: Answer, signal: AbortSignal): Attempt;
}

/**
 * Streams one answer, as the contract of `Model` says. A failure that may pass is tried again, as
 * long as nothing of the answer was given out, at most LIMITS.modelRetries times.
 */
export async function* converse(
  speaker: Speaker,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  for (let tries = 0; ; tries++) {
    // What it prints is looked for by the tools of the request, however it is told of them.
    const answer = new Answer(request, speaker);
    if (signal.aborted) return yield answer.end(true);
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    signal.addEventListener("abort", abort, { once: true });
    const isTold = request.dialect === "printed" && speaker.screened;
    const attempt = speaker.begin(isTold ? inWords(request) : request, answer, stop.signal);
    try {
      for (let more = true; more && !signal.aborted;) {
        more = await pulled(attempt, answer, speaker);
        for (const event of answer.take()) yield event;
      }
    } finally {
      signal.removeEventListener("abort", abort);
      attempt.close();
      if (!answer.complete) stop.abort();
    }
    const ms = signal.aborted ? null : waitBefore(answer, tries, speaker.random);
    if (ms === null || answer.failure === null) {
      answer.settle();
      for (const event of answer.take()) yield event;
      return yield answer.end(signal.aborted);
    }
    yield { type: "retry", ms, why: answer.failure.message };
    await speaker.clock.sleep(ms, signal);
  }
}

/** An attempt reports failures to the answer; what it throws all the same must not get out. */
async function pulled(attempt: Attempt, answer: Answer, speaker: Speaker): Promise<boolean> {
  try {
    return (await attempt.pull()) && answer.failure === null;
  } catch (error) {
    answer.fail(modelFailure("model.bad_frame", { host: speaker.host }, messageOf(error)));
    return false;
  }
}

/** Milliseconds to wait before another try; null when there must be none. */
function waitBefore(answer: Answer, tries: number, random: Random): number | null {
  const failure: Failure | null = answer.failure;
  if (failure === null || answer.begun || !mayPass(failure)) return null;
  if (tries >= LIMITS.modelRetries) return null;
  if (answer.retryAfter !== null) {
    return answer.retryAfter <= LIMITS.retryAfterMs ? answer.retryAfter : null;
  }
  // Many agents refused at once must not come back at once.
  const jitter = (Number.parseInt(random.hex(1), 16) % 256) / 256;
  return Math.round(FIRST_WAIT_MS * 2 ** tries * (1 + jitter));
}

const FIRST_WAIT_MS = 500;
