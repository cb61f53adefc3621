import type { Live } from "../../contracts/nanos.ts";
import { LIMITS } from "../../std/limits.ts";

/** What an agent says while it says it, for one listener. */
export interface Voice {
  /** Hears what happens in a run. */
  readonly on: (live: Live) => void;
  /** Nothing more will come. */
  readonly end: () => void;
  /**
   * What was said since the last piece: a listener that is slow gets fewer and longer ones. Ends early
   * where so much waits that nobody can be listening; `behind` is true then.
   */
  pieces(): AsyncGenerator<string>;
  readonly behind: boolean;
  /** All of it so far. */
  readonly said: string;
}

export function openVoice(): Voice {
  const state = { said: "", given: 0, step: "", over: false, behind: false };
  let news = Promise.withResolvers<void>();
  const wake = (): void => {
    news.resolve();
    news = Promise.withResolvers();
  };
  return {
    on: (live) => {
      // What delegated runs say is said to the agent, and their names have a part more.
      if (live.type !== "delta" || live.kind !== "text" || live.run.includes("_")) return;
      if (state.said !== "" && state.step !== live.step) state.said += "\n\n";
      state.step = live.step;
      state.said += live.text;
      state.behind ||= state.said.length - state.given > LIMITS.httpPendingChars;
      wake();
    },
    end: () => {
      state.over = true;
      wake();
    },
    pieces: async function* pieces() {
      while (!state.behind) {
        const { said, given } = state;
        if (said.length > given) {
          state.given = said.length;
          yield said.slice(given);
        } else if (state.over) return;
        else await news.promise;
      }
    },
    get behind() {
      return state.behind;
    },
    get said() {
      return state.said;
    },
  };
}
