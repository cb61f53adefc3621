import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { init, type Nanos, openNanos } from "../../src/nanos.ts";
import { type MockProvider, startMockProvider } from "../../src/models/testing/mock-provider.ts";
import type { MockOptions } from "../../src/models/testing/mock-provider.ts";
import { systemClock } from "../../src/std/clock.ts";
import { type How, type Person, person, type Running } from "./nanos.ts";

/** A home behind `nanos serve`, which is a real process, with a model of a server on this machine. */
export interface Station {
  readonly me: Person;
  readonly mock: MockProvider;
  /** Keys of clients, each of which may ask so much a minute that it is never told to wait. */
  readonly keys: readonly string[];
  readonly operator: string;
  /** Opens the home here, beside the server, for as long as `act` takes. */
  inside<T>(act: (nanos: Nanos) => Promise<T>): Promise<T>;
  /** Starts the server; resolves once it listens. */
  serve(how?: How): Promise<Up>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The server while it is up. */
export interface Up {
  readonly url: string;
  readonly process: Running;
  ask(path: string, key: string, body?: object, signal?: AbortSignal): Promise<Response>;
}

export async function station(
  answer: NonNullable<MockOptions["answer"]>,
  { keys: count = 1 }: { readonly keys?: number } = {},
): Promise<Station> {
  const me = person();
  const mock = await startMockProvider({ answer });
  const env = { HOME: me.userHome, PATH: process.env["PATH"] };
  const options = { home: join(me.userHome, ".nano-os"), cwd: me.userHome, env };
  await init(options, "toy");
  const inside: Station["inside"] = async (act) => {
    const nanos = await openNanos(options);
    try {
      return await act(nanos);
    } finally {
      await nanos.close();
    }
  };
  const [operator = "", ...keys] = await inside(async (nanos) => {
    await nanos.models.add("m", mock.config("openai"));
    await nanos.models.use("m");
    const agents = [null, ...Array.from({ length: count }, () => "oracle")];
    const made = agents.map((agent) => nanos.keys.make({ agent, rate: 1_000_000 }));
    return (await Promise.all(made)).map(({ secret }) => secret);
  });
  const started: Running[] = [];
  return {
    ...{ me, mock, keys, operator, inside },
    serve: async (how) => {
      const running = me.begin(["serve", "--port", "0"], how);
      started.push(running);
      await running.until("listening on ");
      return upAt(/http:\/\/[\d.:]+/u.exec(running.text())?.[0] ?? "", running);
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of started) one.kill("SIGKILL");
      await Promise.all(started.map(({ ended }) => ended));
      await mock.close();
      me[Symbol.dispose]();
    },
  };
}

function upAt(url: string, running: Running): Up {
  return {
    ...{ url, process: running },
    ask: (path, key, body, signal) =>
      fetch(`${url}${path}`, {
        keepalive: false,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      }),
  };
}

/** What a client of chat completions asks. */
export function chat(content: string, more: object = {}): object {
  return { model: "nanos/oracle", messages: [{ role: "user", content }], ...more };
}

/** Looks again and again, until what is found is wanted. */
export async function until<T>(
  look: () => T | Promise<T>,
  wanted: (found: T) => boolean,
): Promise<T> {
  for (;;) {
    const found = await look();
    if (wanted(found)) return found;
    await systemClock.sleep(10);
  }
}

/** The state of each of some runs. */
export async function states(
  up: Up,
  key: string,
  runs: readonly string[],
): Promise<readonly string[]> {
  const asked = runs.map(async (run) => {
    const answer = await up.ask(`/v1/runs/${run}`, key);
    return answer.ok ? ((await answer.json()) as { state: string }).state : `${answer.status}`;
  });
  return Promise.all(asked);
}

/** What a server holds of the machine: open files and sockets, its clients' connections, memory in MB. */
export interface Holding {
  readonly files: number;
  readonly connections: number;
  readonly mb: number;
}

export function heldBy({ url, process: { pid } }: Up): Holding {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kb = Number(/^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1] ?? Number.NaN);
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, "0");
  const own = new RegExp(`^\\s*\\d+: 0100007F:${port} (\\S+) (?:${HELD.join("|")}) `, "gmu");
  // It is read in parts, and what comes and goes meanwhile may stand in two of them.
  const all = readFileSync("/proc/net/tcp", "utf8").matchAll(own);
  const connections = new Set(Array.from(all, ([, peer]) => peer)).size;
  return { files: readdirSync(`/proc/${pid}/fd`).length, connections, mb: kb / 1024 };
}

/** States of a connection that a process has not let go of: established, and closed by the other end. */
const HELD = ["01", "08"];
