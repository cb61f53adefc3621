import * as authoring from "../../authoring.ts";
import { type Server, serve } from "../serve.ts";
import { AbortControl } from "./abort.ts";

/**
 * What runs inside the engine, beside the tool: the same server as in any other box, and the few
 * things it needs that the language does not have. Everything here is the tool's own, as it could
 * take it: it speaks for nobody else.
 */

/** The only ways out of the engine; see `engine.ts`. */
interface Ways {
  send(line: string): void;
  log(text: string): void;
  timer(id: number, ms: number): void;
  done(): void;
}

const ways = (globalThis as unknown as { readonly nanosWays: Ways }).nanosWays;
let server: Server | null = null;

const timers = new Map<number, () => void>();
let lastTimer = 0;

function setTimer(work: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): number {
  lastTimer += 1;
  timers.set(lastTimer, () => work(...args));
  ways.timer(lastTimer, Number(ms) || 0);
  return lastTimer;
}

const log = (...values: unknown[]): void =>
  ways.log(values.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join(" "));

Object.assign(globalThis, {
  AbortController: AbortControl,
  console: { log, error: log, warn: log, info: log, debug: log },
  queueMicrotask: (work: () => void) => void Promise.resolve().then(work),
  setTimeout: setTimer,
  clearTimeout: (id: number) => timers.delete(id),
});

function start(loaded: Parameters<typeof serve>[0]): void {
  server = serve(loaded, (message) => ways.send(JSON.stringify(message)));
}

/** What the engine calls, by name. */
Object.assign(globalThis, {
  nanosGuest: {
    modules: {
      "nanos/tool": authoring,
      zod: { ...authoring.z, z: authoring.z, default: authoring.z },
    },
    load: (file: string, tool: unknown) => {
      const message = `${file} does not export a tool.`;
      start(authoring.isTool(tool) ? tool : { code: "tool.no_tool", message });
    },
    fail: (file: string, error: unknown, next: string) => {
      const why = error instanceof Error ? error.message : String(error);
      const message = `${file} could not be loaded: ${why.slice(0, MAX_MESSAGE)}`;
      start({ code: "tool.import_failed", message, next });
    },
    receive: (line: string) => server?.receive(line),
    fire: (id: string) => {
      const work = timers.get(Number(id));
      timers.delete(Number(id));
      work?.();
    },
    end: () => void server?.idle().then(ways.done),
  },
});

const MAX_MESSAGE = 2_000;
