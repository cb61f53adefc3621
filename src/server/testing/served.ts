import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyWish } from "../../contracts/http/key.ts";
import { init, type Nanos, openNanos, type OpenOptions } from "../../nanos.ts";
import { type Clock, systemClock } from "../../std/clock.ts";
import { systemRandom } from "../../std/random.ts";
import { type App, appOf, type AppParts, type LogLine } from "../app.ts";
import { namesOf } from "../door/guard.ts";
import { ratesHere } from "../door/rates.ts";
import { openCarried } from "../live.ts";
import { keyService } from "../mcp/carrying.ts";
import { openMetrics } from "../metrics.ts";
import { serve, type Serving } from "../serve.ts";

/** A real home behind the server's function, asked without a socket. */
export interface Served {
  readonly nanos: Nanos;
  readonly app: App;
  /** What was logged. */
  readonly lines: readonly LogLine[];
  /** The same home, opened in another environment as well. */
  again(env: Readonly<Record<string, string>>): Promise<Served>;
  /** Makes a key; gives what a client shows. */
  key(wish?: Partial<KeyWish>): Promise<string>;
  ask(method: string, path: string, how?: Ask): Promise<Answered>;
  /** Comes in by a link, as the operator's browser does; gives the headers its pages send. */
  seat(): Promise<Readonly<Record<string, string>>>;
  /** The same as it comes, to be read bit by bit. */
  open(method: string, path: string, how?: Ask): Promise<Response>;
  close(): Promise<void>;
}

/** Its server over a real socket of this machine, at a port that is free. */
export function overSocket(nanos: Nanos): Promise<Serving> {
  const place = { host: "127.0.0.1", port: 0, names: [], plain: false, log: () => undefined };
  return serve(nanos, { clock: systemClock, random: systemRandom }, place);
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

/** A rule by which a calculation is asked about. */
const ASKING = `
  - id: ask-first
    when: { kind: tool, name: calculate }
    then: ask
    example: { name: calculate, args: { expression: "2 + 2" } }
    counter: { name: echo, args: { text: "x" } }
`;

/** What its oracle does instead where it is to keep a report, twice. */
function keepReports(home: string): void {
  const oracle = join(home, "agents", "oracle.md");
  const text = readFileSync(oracle, "utf8");
  writeFileSync(oracle, text.replace("tools: [eval]", "tools: [artifact]"));
  const kept = (content: string): object => ({
    calls: [{ name: "artifact", args: { title: "Report", type: "report", content } }],
  });
  writeTurns(home, [kept("one\n"), kept("two\n"), { say: "kept" }]);
}

function writeTurns(home: string, turns: readonly object[]): void {
  // JSON is YAML.
  writeFileSync(join(home, "models", "recorded.yaml"), JSON.stringify({ turns }));
}

function writePlan(home: string, plan: { readonly name: string }): void {
  mkdirSync(join(home, "plans"), { recursive: true });
  writeFileSync(join(home, "plans", `${plan.name}.yaml`), JSON.stringify(plan));
}

export interface ServedOptions {
  readonly asking?: boolean;
  readonly keeping?: boolean;
  /** What its recorded model says. */
  readonly turns?: readonly object[];
  /** Plans it has, by name. */
  readonly plans?: Readonly<Record<string, object>>;
  readonly hanging?: boolean;
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the server, and not the home behind it, tells the time by. */
  readonly clock?: Clock;
  /** What keys are served over MCP, where it is not what there is. */
  readonly speak?: AppParts["speak"];
  readonly oauth?: boolean;
  /** Writes what else the home is to have, before it is opened. */
  readonly arrange?: (home: string) => void;
}

/** What its model says instead: nothing, for longer than any test takes. */
function hang(home: string): void {
  const turns = [{ say: "late", delayMs: 60_000, once: false }];
  writeFileSync(join(home, "models", "recorded.yaml"), JSON.stringify({ turns }));
}

/** A home made of the starter toy; with `asking` it asks before it calculates. */
export async function served({
  asking = false,
  keeping = false,
  turns,
  plans = {},
  hanging = false,
  env = {},
  clock = systemClock,
  speak,
  oauth = false,
  arrange = () => undefined,
}: ServedOptions = {}): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "nanos-served-"));
  const options = {
    home: join(folder, ".nano-os"),
    cwd: folder,
    env: { PATH: process.env["PATH"], ...env },
  };
  await init(options, "toy");
  if (turns) writeTurns(options.home, turns);
  if (keeping) keepReports(options.home);
  if (hanging) hang(options.home);
  if (asking) appendFileSync(join(options.home, "rules.yaml"), ASKING);
  for (const [name, plan] of Object.entries(plans)) writePlan(options.home, { name, ...plan });
  arrange(options.home);
  const end = (): void => rmSync(folder, { recursive: true, force: true });
  return servedIn({ options, clock, speak, hanging, oauth }, end);
}

interface Opened {
  readonly speak: ServedOptions["speak"] | undefined;
  readonly hanging: boolean;
  readonly oauth: boolean;
  readonly options: Required<Pick<OpenOptions, "home" | "cwd" | "env">>;
  readonly clock: Clock;
}

async function servedIn(opened: Opened, end: () => void): Promise<Served> {
  const { options, clock, speak, hanging, oauth } = opened;
  const nanos = await openNanos(options);
  if (hanging) await nanos.models.use("recorded");
  const lines: LogLine[] = [];
  const names = namesOf({ host: "127.0.0.1", port: 8088, secure: false, also: [] });
  const carried = openCarried();
  const app = appOf({
    ...{
      nanos,
      carried,
      oauth,
      speak: speak ?? ((key) => keyService({ nanos, clock, carried }, key)),
      metrics: openMetrics(),
      rates: ratesHere(clock),
      clock,
      random: systemRandom,
      names: () => names,
    },
    log: (line) => void lines.push(line),
  });
  const open: Served["open"] = (method, path, { key, body, headers = {}, signal } = {}) => {
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
    return app.fetch(request);
  };
  const ask: Served["ask"] = async (method, path, how = {}) => {
    const response = await open(method, path, how);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: jsonOr(text) };
  };
  return {
    ...{ nanos, app, lines, open, ask },
    seat: async () => {
      const { secret: link } = await nanos.keys.link();
      const { headers, body } = await ask("POST", "/v1/seats", { body: { link } });
      const [cookie = ""] = (headers.get("set-cookie") ?? "").split(";");
      const { proof } = body as { proof: string };
      return { cookie, "x-nanos-proof": proof, origin: `http://${HOST}` };
    },
    key: async (wish = {}) => (await nanos.keys.make({ agent: "oracle", ...wish })).secret,
    again: (env) =>
      servedIn(
        { ...opened, options: { ...options, env: { ...options.env, ...env } } },
        () => undefined,
      ),
    close: async () => {
      await nanos.close();
      end();
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
  const said = body as { code?: unknown; error?: { code?: unknown; data?: { code?: unknown } } };
  return said.error?.data?.code ?? said.error?.code ?? said.code;
}

/** One server-sent event as it was read. */
export interface Heard {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** Reads events until `enough` of them came or the stream ends; then goes away. */
export async function hear(
  response: Response,
  enough: (heard: readonly Heard[]) => boolean = () => false,
): Promise<readonly Heard[]> {
  const heard: Heard[] = [];
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const text = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += text.decode(value, { stream: !done });
    const parts = rest.split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const field = (name: string): string =>
        part
          .split("\n")
          .filter((line) => line.startsWith(`${name}: `))
          .map((line) => line.slice(name.length + 2))
          .join("\n");
      if (!part.startsWith(":"))
        heard.push({ id: field("id"), event: field("event"), data: field("data") });
      if (enough(heard)) {
        await reader.cancel();
        return heard;
      }
    }
    if (done) return heard;
  }
}
