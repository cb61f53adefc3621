/** As much of `AbortController` as a tool is given: the engine has none. */
export class AbortControl {
  readonly signal = new Signal();

  abort(reason: unknown = new Error("The call was cancelled.")): void {
    this.signal.end(reason);
  }
}

class Signal {
  aborted = false;
  reason: unknown = undefined;
  onabort: (() => void) | null = null;
  readonly #listeners = new Set<() => void>();

  addEventListener(name: string, listener: () => void): void {
    if (name === "abort") this.#listeners.add(listener);
  }

  removeEventListener(_: string, listener: () => void): void {
    this.#listeners.delete(listener);
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  end(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.onabort?.();
    for (const listener of this.#listeners) listener();
  }
}
