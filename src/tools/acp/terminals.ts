import { basename } from "node:path";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { clip, plainText } from "../../std/text.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Boxed, Ended } from "../../sandbox/sandbox.ts";
import { failure, isFailure } from "../failures.ts";
import type { Reply } from "../mcp/link.ts";
import { withRealPlaces } from "../stages.ts";
import type { Reach } from "../tool-host.ts";

/**
 * Terminals an agent asks its client for. Each is a program with its arguments, in a box of its own
 * that shares the agent's stage: started once the gate has said yes to these very words, ended with
 * the turn at the latest. What it prints is kept up to a limit, the newest of it, and is the agent's
 * to read; how it ended is on the record.
 */
export interface Terminals {
  /** Answers what begins with `terminal/`. */
  answer(session: string | null, method: string, params: JsonObject): Promise<Reply>;
  /** What was run, and how it ended: for the record. */
  told(): readonly Json[];
  /** Ends all of them; resolves when they are gone. */
  close(): Promise<void>;
}

/** A program as the agent wants it. */
export interface TerminalWish {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** As the agent's process sees it. */
  readonly cwd: string;
}

interface Terminal {
  readonly wish: TerminalWish;
  readonly boxed: Boxed;
  readonly printed: Printed;
  ended: Ended | null;
  released: boolean;
}

export function openTerminals(given: Given): Terminals {
  const { name, agent, signal } = given;
  const house: House = { ...given, all: new Map(), starting: new Set(), closed: false };
  const { all } = house;
  const close = async (): Promise<void> => {
    house.closed = true;
    await Promise.allSettled(house.starting);
    await Promise.all([...all.values()].map(({ boxed }) => boxed.stop()));
  };
  signal.addEventListener("abort", () => void close(), { once: true });
  return {
    async answer(session, method, params) {
      const isIts = session !== null && params["sessionId"] === session;
      if (!isIts) return refused(name, "that is no session of it");
      if (method === "terminal/create") return create(house, params);
      const { terminalId: id } = params;
      const terminal = typeof id === "string" ? all.get(id) : undefined;
      if (!terminal || terminal.released) return refused(name, "there is no such terminal");
      return use(name, terminal, method);
    },
    told: () => [...all.values()].map((one) => toldOf(one, agent.mapping)),
    close,
  };
}

interface Given {
  readonly name: string;
  /** Where the agent works. */
  readonly agent: Pick<Boxed, "cwd" | "mapping">;
  readonly reach: Reach;
  readonly signal: AbortSignal;
  /** Starts one, in the agent's stage. */
  start(wish: TerminalWish): Promise<Boxed | Failure>;
}

/** Those of one turn. */
interface House extends Given {
  readonly all: Map<string, Terminal>;
  /** What has to have started before it can be ended. */
  readonly starting: Set<Promise<unknown>>;
  closed: boolean;
}

async function create(house: House, params: JsonObject): Promise<Reply> {
  const { name, agent, reach, all, starting } = house;
  const wish = wishIn(params, agent.cwd);
  if (typeof wish === "string") return refused(name, wish);
  const open = [...all.values()].filter(({ released }) => !released).length + starting.size;
  if (open >= LIMITS.agentTerminals) return refused(name, "it has too many terminals open");
  if (all.size >= LIMITS.agentSteps) return refused(name, "it has had too many");
  const place = withRealPlaces({ argv: [...wish.argv], cwd: wish.cwd }, agent.mapping);
  const title = clip(plainText(wish.argv.join(" ")), MAX_TITLE);
  const input = { ...(place as JsonObject), env: wish.env };
  const leave = { kind: "permit", what: "terminal", title, paths: [], url: null, input } as const;
  const granted = await reach(leave);
  if (!granted.ok) return granted;
  if (house.closed) return refused(name, "its turn is over");
  const start = house.start(wish);
  starting.add(start);
  const boxed = await start.finally(() => starting.delete(start));
  if (isFailure(boxed)) return { ok: false, failure: boxed };
  const id = `${basename(wish.argv[0] ?? "")}-${all.size + 1}`;
  const terminal: Terminal = {
    ...{ wish, boxed, ended: null, released: false },
    printed: newPrinted(params["outputByteLimit"]),
  };
  all.set(id, terminal);
  boxed.endInput();
  void keepReading(terminal);
  if (house.closed) await boxed.stop();
  return { ok: true, result: { terminalId: id } };
}

const MAX_TITLE = 1_000;

async function use(name: string, terminal: Terminal, method: string): Promise<Reply> {
  const { boxed } = terminal;
  switch (method) {
    case "terminal/output":
      return { ok: true, result: outputOf(terminal) };
    case "terminal/wait_for_exit":
      return { ok: true, result: exitOf(await boxed.ended) };
    case "terminal/kill":
      terminal.ended = await boxed.stop();
      return { ok: true, result: {} };
    case "terminal/release":
      terminal.released = true;
      terminal.ended = await boxed.stop();
      terminal.printed.cut(LAST_CHARS);
      return { ok: true, result: {} };
    default:
      return refused(name, `${method.slice(0, 64)} is not offered`);
  }
}

function refused(name: string, why: string): Reply {
  return { ok: false, failure: failure("acp.terminal", `${name} gets no terminal: ${why}.`) };
}

/** The program it wants, or what is wrong with it. Its words are never read by a shell. */
function wishIn(params: JsonObject, cwd: string): TerminalWish | string {
  const { command, args = [], env = [], cwd: where = null } = params;
  if (typeof command !== "string" || command === "" || !isTexts(args)) {
    return "it names no program with a list of arguments";
  }
  if (/\s/u.test(command)) {
    return "a program and its arguments are wanted apart, not as one line for a shell";
  }
  if (args.length > MAX_ARGS) return "it gives too many arguments";
  if (where !== null && (typeof where !== "string" || !where.startsWith("/"))) {
    return "its folder is no absolute path";
  }
  const set: Record<string, string> = {};
  for (const one of Array.isArray(env) ? (env as Json[]).slice(0, MAX_ENV) : []) {
    const { name, value } = isObject(one) ? one : {};
    if (typeof name !== "string" || typeof value !== "string" || !/^[A-Za-z_]\w*$/u.test(name)) {
      return "a variable of it has no name or no text";
    }
    if (NOT_ITS.test(name)) return `the variable ${name} is not its to set`;
    set[name] = value;
  }
  return { argv: [command, ...args], env: set, cwd: where ?? cwd };
}

const MAX_ARGS = 256;
const MAX_ENV = 64;
/** What decides which code is loaded, and what nanos is told by. */
const NOT_ITS = /^(?:PATH|HOME|TMPDIR|LD_.*|DYLD_.*|NANOS_.*|.*_PROXY)$/iu;

function isTexts(value: Json): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

async function keepReading(terminal: Terminal): Promise<void> {
  const { boxed, printed } = terminal;
  for await (const chunk of boxed.stdout) if (!terminal.released) printed.push(chunk);
  terminal.ended = await boxed.ended;
}

/** What it printed so far: its output, then the last of its errors. */
function outputOf({ printed, boxed, ended }: Terminal): JsonObject {
  const { text, truncated } = printed.with(boxed.stderr());
  return { output: text, truncated, ...(ended && { exitStatus: exitOf(ended) }) };
}

function exitOf(ended: Ended): JsonObject {
  if (ended.kind === "exited") return { exitCode: ended.code, signal: null };
  return { exitCode: null, signal: ended.kind === "signalled" ? ended.signal : "SIGKILL" };
}

function toldOf({ wish, ended, printed, boxed }: Terminal, mapping: Boxed["mapping"]): Json {
  const end: JsonObject =
    ended === null ? {} : ended.kind === "stopped" ? { stopped: ended.by } : exitOf(ended);
  const { text } = printed.with(boxed.stderr());
  const last = plainText(text.slice(-LAST_CHARS));
  return withRealPlaces({ argv: [...wish.argv], cwd: wish.cwd, ...end, last }, mapping);
}

/** Of what a program printed so much goes on the record. */
const LAST_CHARS = 2_000;

/** The newest bytes of what is printed, up to a limit. */
interface Printed {
  push(chunk: Uint8Array): void;
  /** Keeps no more than so many from now on. */
  cut(most: number): void;
  /** With its errors behind it; cut at the front, never within a character. */
  with(errors: string): { readonly text: string; readonly truncated: boolean };
}

function newPrinted(wanted: Json | undefined): Printed {
  const limit = LIMITS.agentTerminalBytes;
  let most =
    typeof wanted === "number" && wanted >= 0 ? Math.min(Math.floor(wanted), limit) : limit;
  let kept: Uint8Array[] = [];
  let bytes = 0;
  let dropped = false;
  const drop = (): void => {
    while (kept[0] && bytes - kept[0].length >= most) {
      bytes -= kept[0].length;
      kept.shift();
      dropped = true;
    }
  };
  return {
    push(chunk) {
      kept.push(chunk);
      bytes += chunk.length;
      drop();
    },
    cut(to) {
      most = Math.min(most, to);
      kept = [Buffer.concat(kept).subarray(-most)];
      bytes = kept[0]?.length ?? 0;
    },
    with(errors) {
      const whole = Buffer.concat([...kept, Buffer.from(errors)]);
      let from = Math.max(0, whole.length - most);
      // The bytes that go on with a character begun before.
      while (from > 0 && from < whole.length && ((whole[from] ?? 0) & 0xc0) === 0x80) from += 1;
      return { text: whole.subarray(from).toString("utf8"), truncated: dropped || from > 0 };
    },
  };
}
