import { createParser } from "eventsource-parser";
import type { Of } from "./api.ts";
import type { HomeTold } from "../../contracts/http/traces.ts";
import { ask, Failed } from "./api.ts";

/** How the window stands to the journal. */
export type Link = "joining" | "live" | "lost" | "out";

const MOST_WAIT_MS = 10_000;

/**
 * The one stream of what happens in the home. It goes on where it was after every loss, so nothing is
 * missed; what comes is where something happened, and whoever shows that reads it anew.
 */
export interface Feed {
  /** Calls back for each thing that happened, until the returned function is called. */
  on(told: (one: Of<typeof HomeTold>) => void): () => void;
  /** How it stands, and a call back whenever that changes. */
  link(): Link;
  onLink(changed: () => void): () => void;
  /** Calls back when it is live again after it was lost: what is shown may be another by now. */
  onReturn(back: () => void): () => void;
  close(): void;
}

export function openFeed(): Feed {
  const listeners = new Set<(one: Of<typeof HomeTold>) => void>();
  const linked = new Set<() => void>();
  const over = new AbortController();
  const state: { link: Link; since: string | null; tries: number } = {
    link: "joining",
    since: null,
    tries: 0,
  };
  const returned = new Set<() => void>();
  const set = (link: Link): void => {
    if (link === "live") state.tries = 0;
    if (state.link === link) return;
    const isBack = state.link === "lost" && link === "live";
    state.link = link;
    for (const changed of linked) changed();
    if (isBack) for (const back of returned) back();
  };
  const told = (id: string | undefined, data: string): void => {
    if (id !== undefined) state.since = id;
    const one = JSON.parse(data) as Of<typeof HomeTold>;
    for (const listener of listeners) listener(one);
  };
  void follow({ state, set, told, signal: over.signal });
  return {
    on: added(listeners),
    link: () => state.link,
    onLink: added(linked),
    onReturn: added(returned),
    close: () => over.abort(),
  };
}

function added<T>(all: Set<T>): (one: T) => () => void {
  return (one) => {
    all.add(one);
    return () => void all.delete(one);
  };
}

interface Following {
  readonly state: { since: string | null; tries: number };
  readonly set: (link: Link) => void;
  readonly told: (id: string | undefined, data: string) => void;
  readonly signal: AbortSignal;
}

async function follow({ state, set, told, signal }: Following): Promise<void> {
  while (!signal.aborted) {
    try {
      const since = state.since;
      const headers = since === null ? {} : { "last-event-id": since };
      const { body } = await ask("/v1/events", { headers, signal });
      set("live");
      if (body) await readEvents(body, told);
      set("lost");
    } catch (error) {
      if (signal.aborted) return;
      const out = error instanceof Failed && (error.status === 401 || error.status === 403);
      set(out ? "out" : "lost");
      if (out) return;
    }
    state.tries += 1;
    await pause(Math.min(250 * 2 ** state.tries, MOST_WAIT_MS), signal);
  }
}

/** Calls back for each event of an answer, until it ends. */
export async function readEvents(
  body: ReadableStream<Uint8Array>,
  told: (id: string | undefined, data: string, event: string | undefined) => void,
): Promise<void> {
  const parser = createParser({ onEvent: ({ id, data, event }) => told(id, data, event) });
  const text = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    parser.feed(text.decode(value, { stream: true }));
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
