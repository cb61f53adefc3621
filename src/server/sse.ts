import type { Clock } from "../std/clock.ts";
import { LIMITS } from "../std/limits.ts";

/** One server-sent event. */
export interface Sent {
  readonly id?: string;
  readonly event?: string;
  /** Milliseconds after which a client that lost the stream is to come again. */
  readonly retry?: number;
  readonly data: string;
}

/** Where a feed sends to, one event after the other. */
export interface Sink {
  /** Resolves once there is room for the next: a slow client is waited for, and nothing piles up. */
  send(one: Sent): Promise<void>;
  /** Aborts when the client is gone. */
  readonly gone: AbortSignal;
}

/** What a stream goes by beside its feed. */
interface Streaming {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Aborts when the server has nothing more to tell; the stream is ended in order then. */
  readonly ends?: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
  /** Set where each is a line of JSON and no event: the line that says it is still there. */
  readonly lines?: string | undefined;
  /** Called once, however it ends. */
  readonly over: () => void;
}

/**
 * A response that is fed until its feed ends or its client is gone. While the feed is silent a comment
 * is sent now and then, so that a connection nobody reads any more is found out.
 */
export function streamOf(feed: (sink: Sink) => Promise<void>, given: Streaming): Response {
  const { clock, headers, over } = given;
  const wire = wireOf(given.lines);
  const going = goingOf(given);
  const { gone } = going;
  let room = Promise.withResolvers<void>();
  // Whoever waits for room waits no longer: one listener for as long as the stream is there.
  gone.addEventListener("abort", () => room.resolve(), { once: true });
  const text = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const write = async (chunk: string): Promise<void> => {
          if (going.isLost()) return;
          controller.enqueue(text.encode(chunk));
          if ((controller.desiredSize ?? 0) > 0) return;
          room = Promise.withResolvers();
          if (!gone.aborted) await room.promise;
        };
        // The head goes out with the first of the body: who only watches is told at once that it stands.
        if (given.ends) controller.enqueue(text.encode(wire.beat));
        const still = new AbortController();
        gone.addEventListener("abort", () => still.abort(), { once: true });
        void beat(clock, still.signal, () => write(wire.beat));
        void feed({ send: (one) => write(wire.text(one)), gone })
          .catch(() => undefined)
          .finally(() => {
            still.abort();
            going.forget();
            over();
            if (!going.isLost()) controller.close();
          });
      },
      pull: () => room.resolve(),
      cancel: () => going.lose(),
    },
    { highWaterMark: 16 },
  );
  return new Response(body, { headers: { "content-type": wire.type, ...headers } });
}

/**
 * Whether anybody is there for a stream. Made by hand: what `AbortSignal.any` gives is never let go of
 * in this runtime once somebody listens to it, and with it all that the listener knows.
 */
function goingOf({ signal, ends }: Pick<Streaming, "signal" | "ends">) {
  const control = new AbortController();
  let isLost = false;
  const lose = (): void => {
    isLost = true;
    control.abort();
  };
  const end = (): void => control.abort();
  signal.addEventListener("abort", lose, { once: true });
  ends?.addEventListener("abort", end, { once: true });
  if (signal.aborted) lose();
  if (ends?.aborted) end();
  return {
    gone: control.signal,
    isLost: () => isLost,
    lose,
    forget: () => {
      signal.removeEventListener("abort", lose);
      ends?.removeEventListener("abort", end);
    },
  };
}

/** Events, or lines of JSON, as they go over the wire. */
function wireOf(lines: string | undefined) {
  return lines === undefined
    ? { type: "text/event-stream; charset=utf-8", beat: ": \n\n", text: textOf }
    : {
        type: "application/x-ndjson",
        beat: `${lines}\n`,
        text: ({ data }: Sent): string => `${data}\n`,
      };
}

async function beat(clock: Clock, stop: AbortSignal, send: () => Promise<void>): Promise<void> {
  while (!stop.aborted) {
    await clock.sleep(LIMITS.httpHeartbeatMs, stop);
    if (!stop.aborted) await send();
  }
}

/** As it goes over the wire; data of several lines is several lines of data. */
function textOf({ id, event, retry, data }: Sent): string {
  const lines = data.split(/\r\n|\r|\n/u).map((line) => `data: ${line}\n`);
  const head = [
    id === undefined ? "" : `id: ${id}\n`,
    event === undefined ? "" : `event: ${event}\n`,
    retry === undefined ? "" : `retry: ${retry}\n`,
  ];
  return `${head.join("")}${lines.join("")}\n`;
}
