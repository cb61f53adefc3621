import { type FormEvent, useState } from "react";

/** Something the operator asked for, on its way: one at a time, and what went wrong is kept. */
export interface Doing {
  readonly busy: boolean;
  readonly error: unknown;
  readonly act: (what: () => Promise<unknown>) => void;
}

export function useDoing(): Doing {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const act = (what: () => Promise<unknown>): void => {
    if (busy) return;
    setBusy(true);
    setError(null);
    void what()
      .catch(setError)
      .finally(() => setBusy(false));
  };
  return { busy, error, act };
}

/** What a form does instead of being sent by the browser. */
export function submitting(act: () => void): (event: FormEvent) => void {
  return (event) => {
    event.preventDefault();
    act();
  };
}
