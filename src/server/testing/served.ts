import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyWish } from "../../contracts/http/key.ts";
import { init, type Nanos, openNanos } from "../../nanos.ts";
import { systemClock } from "../../std/clock.ts";
import { systemRandom } from "../../std/random.ts";
import { type App, appOf, type LogLine } from "../app.ts";
import { namesOf } from "../guard.ts";

/** A real home behind the server's function, asked without a socket. */
export interface Served {
  readonly nanos: Nanos;
  readonly app: App;
  /** What was logged. */
  readonly lines: readonly LogLine[];
  /** Makes a key; gives what a client shows. */
  key(wish?: Partial<KeyWish>): Promise<string>;
  ask(method: string, path: string, how?: Ask): Promise<Answered>;
  close(): Promise<void>;
}

export interface Ask {
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** What the server believes it is addressed by here. */
export const HOST = "127.0.0.1:8088";

/** A home made of a starter. */
export async function served(starter = "toy"): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "nanos-served-"));
  const options = {
    home: join(folder, ".nano-os"),
    cwd: folder,
    env: { PATH: process.env["PATH"] },
  };
  await init(options, starter);
  const nanos = await openNanos(options);
  const lines: LogLine[] = [];
  const names = namesOf({ host: "127.0.0.1", port: 8088, secure: false, also: [] });
  const app = appOf({
    ...{ nanos, clock: systemClock, random: systemRandom, names: () => names },
    log: (line) => void lines.push(line),
  });
  return {
    ...{ nanos, app, lines },
    key: async (wish = {}) => (await nanos.keys.make({ agent: "oracle", ...wish })).secret,
    ask: async (method, path, { key, body, headers = {}, signal } = {}) => {
      const request = new Request(`http://${HOST}${path}`, {
        method,
        headers: {
          host: HOST,
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        ...(signal ? { signal } : {}),
      });
      const response = await app.fetch(request);
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: jsonOr(text) };
    },
    close: async () => {
      await nanos.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The code of a refusal. */
export function codeOf({ body }: Answered): unknown {
  return (body as { error?: { code?: unknown } }).error?.code;
}
