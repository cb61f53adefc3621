import type { Server, Socket } from "node:net";
import * as fs from "node:fs";
import { join } from "node:path";
import { assert, codeOf, NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import { namesIn } from "./bodies.ts";
import { privateDir } from "./database.ts";

type Listener = (topic: string) => void;

/**
 * Tells other processes of the same home that something happened, by name only: what it was they
 * read in the journal. Every process that listens has a socket under wake/; nothing is polled, and
 * a process that does not listen has none.
 */
export class Wake {
  /** Null in memory, where there is no other process. */
  readonly #dir: string | null;
  readonly #name: string;
  readonly #listeners = new Set<Listener>();
  /** Ends each watch over another process. */
  readonly #attended = new Set<() => void>();
  #server: Server | null = null;
  /** Keeps the folder open where its path is too long for a socket's address. */
  #folder: number | null = null;

  constructor(dir: string | null, me: string) {
    this.#dir = dir;
    this.#name = `${me}.sock`;
  }

  on(listener: Listener): () => void {
    // A function registered twice is two listeners.
    const own: Listener = (topic) => listener(topic);
    if (this.#dir !== null) this.#server ??= this.#listen(this.#dir);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /** Resolves when every listening process has the topic, or is found to be gone. */
  async say(topic: string): Promise<void> {
    const isLine = topic.length <= LIMITS.wakeTopicChars && !topic.includes("\n") && topic !== PING;
    assert(isLine, "a topic is one short line");
    queueMicrotask(() => this.#tell(topic));
    const dir = this.#dir;
    if (dir === null) return;
    const names = namesIn(dir).filter((name) => name.endsWith(".sock") && name !== this.#name);
    await Promise.all(
      names.slice(0, LIMITS.wakeSockets).map((name) => deliver(this.#address(dir, name), topic)),
    );
  }

  /**
   * Calls `left` once `holder` names no other process: at once, when the connection to the one it
   * names closes, or when that one lets a ping unanswered.
   */
  attend(
    holder: () => string | null,
    left: (how: "free" | "hanging") => void,
    ms: number,
  ): () => void {
    const dir = this.#dir;
    let stop = (): void => undefined;
    const look = (how: "free" | "hanging"): void => {
      const name = dir === null ? null : holder();
      if (name === null || dir === null || how === "hanging") {
        this.#attended.delete(end);
        left(name === null ? "free" : how);
      } else {
        stop = attend(this.#address(dir, `${name}.sock`), look, ms);
      }
    };
    const end = (): void => {
      this.#attended.delete(end);
      stop();
    };
    this.#attended.add(end);
    const first = setTimeout(look, 0, "free");
    stop = () => clearTimeout(first);
    return end;
  }

  close(): void {
    for (const end of this.#attended) end();
    this.#listeners.clear();
    if (this.#server && this.#dir !== null) {
      fs.rmSync(join(this.#dir, this.#name), { force: true });
      this.#server.close();
    }
    this.#server = null;
    if (this.#folder !== null) fs.closeSync(this.#folder);
    this.#folder = null;
  }

  #tell(topic: string): void {
    for (const listener of this.#listeners) listener(topic);
  }

  #listen(dir: string): Server {
    privateDir(dir);
    const fresh = `${this.#name}.new`;
    const server = net().createServer((socket) => receive(socket, (topic) => this.#tell(topic)));
    server.on("error", () => undefined);
    server.listen(this.#address(dir, fresh));
    server.unref();
    // Named so that others see it only now: between binding and listening they would be refused.
    try {
      fs.renameSync(join(dir, fresh), join(dir, this.#name));
      fs.chmodSync(join(dir, this.#name), 0o600);
    } catch (error) {
      server.close();
      throw cannotListen(dir, error);
    }
    return server;
  }

  /** A socket's address holds about a hundred bytes; Linux has a short way to any open folder. */
  #address(dir: string, name: string): string {
    const path = join(dir, name);
    if (Buffer.byteLength(path) <= ADDRESS_BYTES || process.platform !== "linux") return path;
    this.#folder ??= fs.openSync(dir, "r");
    return `/proc/self/fd/${this.#folder}/${name}`;
  }
}

const ADDRESS_BYTES = 100;

/** What a process that watches another one sends it, and gets back for as long as that one works. */
const PING = "?";

/** Loaded when it is needed: it costs a start several milliseconds. */
function net(): typeof import("node:net") {
  return process.getBuiltinModule("node:net");
}

function receive(socket: Socket, tell: Listener): void {
  let text = "";
  socket.unref();
  socket.setEncoding("utf8");
  socket.setTimeout(LIMITS.wakeMs, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: string) => {
    text += chunk;
    if (text === `${PING}\n`) {
      text = "";
      socket.setTimeout(0);
      socket.write(`${PING}\n`);
      return;
    }
    const end = text.indexOf("\n");
    if (end >= 0 && end <= LIMITS.wakeTopicChars) tell(text.slice(0, end));
    if (end >= 0 || text.length > LIMITS.wakeTopicChars) socket.destroy();
  });
}

/**
 * Watches one process. Its end closes the connection; one that was stopped still takes what is sent
 * and answers nothing. Where there is no socket to ask at, it is looked again in a while.
 */
function attend(path: string, look: (how: "free" | "hanging") => void, ms: number): () => void {
  let answered = true;
  let isOver = false;
  const socket = net().connect(path);
  const stop = (): void => {
    isOver = true;
    clearInterval(timer);
    socket.destroy();
  };
  const over = (how: "free" | "hanging", after: number): void => {
    if (isOver) return;
    stop();
    again = setTimeout(look, after, how);
    again.unref();
  };
  let again: ReturnType<typeof setTimeout> | undefined;
  const ping = (): void => {
    if (!answered) return over("hanging", 0);
    answered = false;
    socket.write(`${PING}\n`);
  };
  const timer = setInterval(ping, ms);
  timer.unref();
  socket.unref();
  socket.on("connect", ping);
  socket.on("data", () => {
    answered = true;
  });
  // A process that ends closes its sockets before it lets go of its lock.
  socket.on("close", () => over("free", LIMITS.attendMs));
  socket.on("error", (error) => {
    const isThere = !["ECONNREFUSED", "ENOENT"].includes(codeOf(error));
    over("free", isThere ? LIMITS.attendMs : LIMITS.wakeMs);
  });
  return () => {
    stop();
    clearTimeout(again);
  };
}

/** Hands one process the topic. Whoever refuses is dead, and what it left is removed. */
function deliver(path: string, topic: string, tries = 3): Promise<void> {
  return new Promise((resolve) => {
    const socket = net().connect(path);
    const done = (): void => {
      socket.destroy();
      resolve();
    };
    socket.setTimeout(LIMITS.wakeMs, done);
    socket.on("error", (error) => {
      const code = codeOf(error);
      if (code === "ECONNREFUSED") fs.rmSync(path, { force: true });
      socket.destroy();
      // Its queue of callers is full for the moment.
      if (code === "EAGAIN" && tries > 1) {
        setTimeout(() => void deliver(path, topic, tries - 1).then(resolve), 20);
      } else {
        resolve();
      }
    });
    // What the kernel has taken reaches the other side, also when this process ends now.
    socket.end(`${topic}\n`, done);
  });
}

function cannotListen(dir: string, cause: unknown): NanosError {
  return new NanosError(
    "journal.wake",
    `No socket can be made in ${dir}.`,
    "Use a home with a shorter path, on a disk of this machine: --home DIR",
    cause,
  );
}
