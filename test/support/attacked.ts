import { connect } from "node:net";
import { serve, type Serving } from "../../src/server/serve.ts";
import { type Served, served } from "../../src/server/testing/served.ts";
import { systemClock } from "../../src/std/clock.ts";
import { systemRandom } from "../../src/std/random.ts";

/** A real home behind a real socket, with all that is secret of it, for whoever attacks it. */
export interface Attacked {
  readonly home: Served;
  readonly serving: Serving;
  readonly port: number;
  /** A narrow key, and the operator's. */
  readonly key: string;
  readonly operator: string;
  readonly seat: { readonly cookie: string; readonly proof: string; readonly link: string };
  /** What the server logged. */
  readonly log: readonly string[];
  json(method: string, path: string, sent?: Sent): Promise<Answer>;
  /** Sends bytes as they are; gives all that comes until the other end closes. */
  raw(bytes: string): Promise<string>;
  close(): Promise<void>;
}

export interface Sent {
  readonly key?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: unknown;
}

export const PASSPHRASE = "a passphrase of the test";
/** A secret of the home. */
export const CANARY = "canary-5f1d9c0b7e3a4462b8aa";

const WAITS = {
  description: "x",
  rank: "A",
  tasks: [{ id: "a", tool: "echo", args: { text: "x" } }],
};

export async function attacked(): Promise<Attacked> {
  const env = { NANOS_PASSPHRASE: PASSPHRASE };
  const home = await served({ asking: true, env, plans: { wait: WAITS } });
  await home.nanos.secrets.set("canary", CANARY, { hosts: ["canary.example"] });
  const key = await home.key({ rate: 100_000, scopes: ["read:./notes"] });
  const operator = await home.key({ agent: null, rate: 100_000 });
  const log: string[] = [];
  const parts = { clock: systemClock, random: systemRandom };
  const serving = await serve(home.nanos, parts, {
    ...{ host: "127.0.0.1", port: 0, names: [], plain: false, oauth: true },
    log: (line) => void log.push(JSON.stringify(line)),
  });
  const port = Number(new URL(serving.url).port);
  const json: Attacked["json"] = (method, path, sent) => ask(serving.url + path, method, sent);
  const { secret: link } = await home.nanos.keys.link();
  const { headers, body } = await json("POST", "/v1/seats", { body: { link } });
  const [cookie = ""] = (headers.get("set-cookie") ?? "").split(";");
  const { proof } = body as { proof: string };
  return {
    ...{ home, serving, port, key, operator, log, json, seat: { cookie, proof, link } },
    raw: (bytes) => send(port, bytes),
    close: async () => {
      await serving.stop();
      await home.close();
    },
  };
}

async function ask(
  url: string,
  method: string,
  { key = null, body, headers }: Sent = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function send(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let came = "";
    const socket = connect(port, "127.0.0.1", () => socket.end(bytes, "latin1"));
    socket.setTimeout(20_000, () => socket.destroy());
    socket.on("data", (data) => (came += data.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(came));
  });
}
