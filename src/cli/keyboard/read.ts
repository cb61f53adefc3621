import type { Clock } from "../../std/clock.ts";
import { settling } from "./settled.ts";
import { NOTHING_TYPED, type Typing, typeMore } from "./typing.ts";

/** A line, as the terminal edits it; null when input ended. */
// Events and not an iterator: ending an iteration would close standard input for good.
export function readLine(): Promise<string | null> {
  const input = process.stdin;
  return new Promise((resolve) => {
    function done(line: string | null): void {
      input.off("data", onData);
      input.off("end", onEnd);
      input.pause();
      resolve(line);
    }
    function onData(data: Buffer): void {
      done(data.toString("utf8").replace(/\r?\n.*$/su, ""));
    }
    function onEnd(): void {
      done(null);
    }
    input.on("data", onData);
    input.on("end", onEnd);
    input.resume();
  });
}

/**
 * One key that was meant for what is shown (see `settling`); null when input ended, was interrupted
 * or `signal` ends it.
 */
export function readKey(signal: AbortSignal, clock: Clock): Promise<string | null> {
  const meant = settling(clock);
  return readRaw((data, done) => {
    // Raw mode delivers Ctrl-C and Ctrl-D as bytes.
    const leaves = data === "\x03" || data === "\x04";
    if (leaves || meant()) done(leaves ? null : data);
    if (data === "\x03") process.kill(process.pid, "SIGINT");
  }, signal);
}

/**
 * A line without echo. Nobody is asked before the echo is off: whoever pastes at once would show it.
 * A paste comes as many characters at once, also with a line break in it.
 */
export function readHidden(ask: () => void): Promise<string | null> {
  let line = "";
  const read = readRaw((data, done) => {
    for (const key of data) {
      if (key === "\r" || key === "\n") return done(line);
      if (key === "\x03" || key === "\x04") return done(null);
      if (key === "\x7f" || key === "\b") line = Array.from(line).slice(0, -1).join("");
      else if (key >= " ") line += key;
    }
  });
  ask();
  return read;
}

/** A word typed key by key. Its echo, by `show`, is ours: what does not count is not seen. */
export async function readTyped(
  ask: string,
  show: (text: string) => void,
  signal: AbortSignal,
): Promise<string | null> {
  let typed: Typing = NOTHING_TYPED;
  const read = readRaw((data, done) => {
    const before = typed.word.length;
    typed = typeMore(typed, data);
    const { word, state } = typed;
    if (state === "done") return done(word);
    if (state === "left") done(null);
    else if (state === "pasted") show(`\n  what is pasted does not count\n${ask}`);
    else show(word.length < before ? "\b \b" : word.slice(before));
    if (data === "\x03") process.kill(process.pid, "SIGINT");
  }, signal);
  show(`${MARK_PASTES}${ask}`);
  const word = await read;
  show(`${NO_MARKS}\n`);
  return word;
}

const MARK_PASTES = "\x1b[?2004h";
const NO_MARKS = "\x1b[?2004l";

/** Hands over what is typed, byte for byte and without echo, until `take` is done with it. */
function readRaw(
  take: (data: string, done: (said: string | null) => void) => void,
  signal?: AbortSignal,
): Promise<string | null> {
  const input = process.stdin;
  return new Promise((resolve) => {
    function done(said: string | null): void {
      input.off("data", onData);
      input.off("end", onEnd);
      signal?.removeEventListener("abort", onEnd);
      input.setRawMode(false);
      input.pause();
      resolve(said);
    }
    function onData(data: Buffer): void {
      take(data.toString("utf8"), done);
    }
    function onEnd(): void {
      done(null);
    }
    if (signal?.aborted) return resolve(null);
    signal?.addEventListener("abort", onEnd, { once: true });
    input.setRawMode(true);
    input.on("data", onData);
    input.on("end", onEnd);
    input.resume();
  });
}
