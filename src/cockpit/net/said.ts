import { useEffect, useState } from "react";
import type { RunSaid } from "../../contracts/http/runs.ts";
import { ask } from "./api.ts";
import { feed } from "./feed.ts";
import { readEvents } from "./live.ts";

/**
 * What the model of a run says while it says it, as long as the run goes on; nothing before its first
 * word. After a lost connection it is told from its beginning again, so no word is missed.
 */
export function useSaid(run: string, isGoing: boolean): string {
  const [said, setSaid] = useState({ step: "", text: "" });
  useEffect(() => {
    if (!isGoing) return undefined;
    let over = new AbortController();
    const hearing = (): void => {
      over.abort();
      over = new AbortController();
      void hear(run, over.signal, ({ step, from, text }) =>
        setSaid((was) => ({
          step,
          text: (step === was.step ? was.text.slice(0, from) : "") + text,
        })),
      );
    };
    hearing();
    const stay = feed.onReturn(hearing);
    return () => {
      stay();
      over.abort();
    };
  }, [run, isGoing]);
  return said.text;
}

async function hear(run: string, signal: AbortSignal, told: (one: RunSaid) => void): Promise<void> {
  try {
    const { body } = await ask(`/v1/runs/${encodeURIComponent(run)}/events?words=true`, { signal });
    if (!body) return;
    await readEvents(body, (_id, data, event) => {
      if (event === "said") told(JSON.parse(data) as RunSaid);
    });
  } catch {
    // The window says that the connection is lost, and comes back to it.
  }
}
