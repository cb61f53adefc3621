/**
 * A failure a person must fix. `code` is stable and dotted (`model.unreachable`), `message` is one
 * sentence that says what happened, `next` one sentence that says what to do.
 * Failure the program expects is a value, not this; a bug is an `assert`.
 */
export class NanosError extends Error {
  readonly code: string;
  readonly next: string;

  constructor(code: string, message: string, next: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "NanosError";
    this.code = code;
    this.next = next;
  }
}

/** Stops the run when something that cannot be, is. Replay brings the state back. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`bug: ${what}`);
}

/** For the end of an exhaustive switch: a new variant stops compiling here. */
export function unreachable(value: never): never {
  throw new Error(`bug: unexpected ${JSON.stringify(value)}`);
}

/** The sentence in an unknown thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node error such as `ENOENT`, or an empty string. */
export function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}
