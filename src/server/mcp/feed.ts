import type { JsonObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Sink } from "../sse.ts";

/**
 * The messages of one stream, kept for a client that loses it and comes again. What is kept has a
 * limit: of what is more the oldest is forgotten, and the newest, which is the answer, never is.
 */
export interface Feed {
  readonly id: string;
  readonly over: boolean;
  push(message: JsonObject): void;
  end(): void;
  /**
   * Sends all that came after the event numbered `since`, and what comes, until the stream has ended
   * or its client is gone.
   */
  tell(since: number, sink: Sink, how?: Telling): Promise<void>;
}

export interface Telling {
  /** Each event has its number, by which a client goes on. */
  readonly names?: boolean;
  /** An event without a message comes first, so that a client can go on that saw no other. */
  readonly primes?: boolean;
}

interface Kept {
  readonly n: number;
  readonly text: string;
}

export function openFeed(id: string): Feed {
  let kept: Kept[] = [];
  let chars = 0;
  let last = 0;
  let over = false;
  let news = Promise.withResolvers<void>();
  const wake = (): void => {
    news.resolve();
    news = Promise.withResolvers();
  };
  return {
    id,
    get over() {
      return over;
    },
    push: (message) => {
      if (over) return;
      const text = JSON.stringify(message);
      last += 1;
      chars += text.length;
      kept.push({ n: last, text });
      while (chars > LIMITS.mcpKeptChars && kept.length > 1) {
        chars -= kept[0]?.text.length ?? 0;
        kept = kept.slice(1);
      }
      wake();
    },
    end: () => {
      over = true;
      wake();
    },
    tell: async (since, { send, gone }, { names = false, primes = false } = {}) => {
      if (primes) await send({ id: nameOf(id, since), retry: LIMITS.mcpRetryMs, data: "" });
      const left = Promise.withResolvers<void>();
      gone.addEventListener("abort", () => left.resolve(), { once: true });
      for (let at = since; !gone.aborted;) {
        const next = kept.find(({ n }) => n > at);
        if (next) {
          at = next.n;
          const named = names ? { id: nameOf(id, next.n) } : {};
          await send({ ...named, event: "message", data: next.text });
        } else if (over) return;
        else await Promise.race([news.promise, left.promise]);
      }
    },
  };
}

function nameOf(feed: string, n: number): string {
  return `${feed}-${n}`;
}

/** The stream an event is of, and its number there; null for what is none. */
export function eventNamed(name: string): { readonly feed: string; readonly n: number } | null {
  const [, feed, digits] = /^([a-z0-9]{1,40})-(\d{1,15})$/u.exec(name) ?? [];
  return feed === undefined ? null : { feed, n: Number(digits) };
}
