/**
 * Cuts bytes into lines, whatever the chunks they come in. Lines end with LF or CR LF; a
 * character cut in two by a chunk border is put together again.
 */
export class Lines {
  readonly #decoder = new TextDecoder();
  readonly #limit: number;
  #carry = "";

  /** `limit`: most characters of one line. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False when a line is longer than the limit; nothing more may be pushed then. */
  push(chunk: Uint8Array, each: (line: string) => void): boolean {
    return this.#take(this.#decoder.decode(chunk, STREAM), each);
  }

  /** The bytes are over: gives out a last line that nothing ended. */
  end(each: (line: string) => void): boolean {
    const fits = this.#take(this.#decoder.decode(), each);
    const last = this.#carry;
    this.#carry = "";
    if (fits && last !== "") each(last);
    return fits;
  }

  #take(text: string, each: (line: string) => void): boolean {
    let at = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", at)) {
      const cr = end > at && text.charCodeAt(end - 1) === CR ? 1 : 0;
      let line = text.slice(at, end - cr);
      if (this.#carry !== "") {
        const whole = this.#carry + line;
        line = end === at && whole.charCodeAt(whole.length - 1) === CR ? whole.slice(0, -1) : whole;
        this.#carry = "";
      }
      if (line.length > this.#limit) return false;
      each(line);
      at = end + 1;
    }
    if (at < text.length) this.#carry += at === 0 ? text : text.slice(at);
    return this.#carry.length <= this.#limit;
  }
}

const STREAM = { stream: true } as const;
const CR = 13;

/** Gathers the lines of server-sent events into the data of one event each. */
export class Events {
  #data: string | null = null;

  /** Takes a line; returns the event's data when the line ends one. */
  line(line: string): string | null {
    if (line === "") {
      const data = this.#data;
      this.#data = null;
      return data;
    }
    // llama.cpp writes some failures as a field called `error`.
    const field = line.startsWith("data:") ? 5 : line.startsWith("error:") ? 6 : 0;
    if (field === 0) return null;
    const value = line.slice(line.charCodeAt(field) === SPACE ? field + 1 : field);
    this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
    return null;
  }

  /** Data of an event that no blank line ended. */
  rest(): string | null {
    const data = this.#data;
    this.#data = null;
    return data;
  }
}

const SPACE = 32;
