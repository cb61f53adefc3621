/**
 * Cuts a byte stream into lines. Bytes after the last line break wait for more; a line longer than
 * `limit` bytes, or one that is not UTF-8, ends the reading: whoever sends it is not to be trusted
 * with the next one either.
 */
export interface Lines {
  /** Hands every whole line in `chunk` to `line`; says why reading cannot go on, or null. */
  push(chunk: Uint8Array, line: (text: string) => void): LineFault | null;
}

export type LineFault = "too_long" | "not_utf8";

/** A line cutter with a limit in bytes per line. */
export function lines(limit: number): Lines {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let held: Uint8Array[] = [];
  let heldBytes = 0;

  function take(part: Uint8Array): Uint8Array {
    if (heldBytes === 0) return part;
    const whole = new Uint8Array(heldBytes + part.length);
    let at = 0;
    for (const piece of held) {
      whole.set(piece, at);
      at += piece.length;
    }
    whole.set(part, at);
    held = [];
    heldBytes = 0;
    return whole;
  }

  return {
    push(chunk, line) {
      let start = 0;
      for (;;) {
        const end = chunk.indexOf(NEWLINE, start);
        const stop = end < 0 ? chunk.length : end;
        if (heldBytes + stop - start > limit) return "too_long";
        if (end < 0) break;
        const bytes = take(chunk.subarray(start, end));
        start = end + 1;
        if (bytes.length === 0 || (bytes.length === 1 && bytes[0] === RETURN)) continue;
        let text: string;
        try {
          text = decoder.decode(bytes);
        } catch {
          return "not_utf8";
        }
        line(text);
      }
      if (start < chunk.length) {
        // A stream may reuse its buffer for the next chunk, so what waits is copied.
        held.push(chunk.slice(start));
        heldBytes += chunk.length - start;
      }
      return null;
    },
  };
}

const NEWLINE = 10;
const RETURN = 13;
