import { useState } from "react";
import type { NanocodeAnswer } from "../../../contracts/http/tools.ts";
import { type Of, send } from "../../net/api.ts";

export type Answer = Of<typeof NanocodeAnswer>;

/** The newest request with what came of it, for the inspector. */
export interface Exchange {
  readonly request: { readonly input: string; readonly constraints: readonly string[] };
  readonly response: Answer | null;
  readonly error: unknown;
}

/** Asks the server, one after the other. */
export interface Asking {
  readonly busy: boolean;
  readonly error: unknown;
  /** Each input is made of what came of the one before. */
  readonly ask: (
    inputs: readonly ((before: readonly Answer[]) => string)[],
    constraints: readonly string[],
    came: (answers: readonly Answer[]) => void,
  ) => void;
}

export function useAsking(told: (one: Exchange) => void): Asking {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const ask: Asking["ask"] = (inputs, constraints, came) => {
    if (busy) return;
    setBusy(true);
    setError(null);
    void chain(inputs, { constraints, came, told })
      .catch(setError)
      .finally(() => setBusy(false));
  };
  return { busy, error, ask };
}

async function chain(
  inputs: Parameters<Asking["ask"]>[0],
  given: {
    constraints: readonly string[];
    came: (answers: readonly Answer[]) => void;
    told: (one: Exchange) => void;
  },
): Promise<void> {
  const { constraints, came, told } = given;
  const answers: Answer[] = [];
  came([]);
  for (const input of inputs) {
    const request = { input: input(answers), constraints };
    try {
      const response = await send<Answer>("POST", "/nanocode", request);
      told({ request, response, error: null });
      answers.push(response);
      came([...answers]);
    } catch (error) {
      told({ request, response: null, error });
      throw error;
    }
  }
}
