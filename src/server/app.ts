import { Hono } from "hono";
import type { ServerConfig } from "../contracts/config.ts";
import type { Nanos } from "../contracts/nanos.ts";
import { type Clock } from "../std/clock.ts";
import { messageOf, type NanosError } from "../std/error.ts";
import { newId, type Random } from "../std/random.ts";
import { bodyOf } from "./door/body.ts";
import { type Doors, openDoors } from "./door/doors.ts";
import { checkRequest, type Names } from "./door/guard.ts";
import type { Rates } from "./door/rates.ts";
import { openSeats, type Seats } from "./door/seats.ts";
import type { Carried } from "./live.ts";
import { type McpDesk, type McpDeskParts, openMcpDesk } from "./mcp/desk.ts";
import type { Metrics } from "./metrics.ts";
import { type Consents, openConsents } from "./oauth/consents.ts";
import { challengeOf } from "./oauth/grant.ts";
import { openapiOf } from "./openapi.ts";
import { errorBody, failureOf, Refusal, statusOf } from "./refusal.ts";
import type { Caller, Reply, Route } from "./route.ts";
import { ROUTES } from "./routes.ts";
import { streamOf } from "./sse.ts";

/**
 * The server as a plain function of a request: what listens is another part. Each request goes the
 * same way: the guard, the route, the key, a place, the body, the handler; and each is logged once.
 */
export interface App {
  /**
   * Never rejects. `admitted` is called with true once the request is let in, as it may take its time
   * from then, and with false once it is answered.
   */
  fetch(request: Request, admitted?: (inside: boolean) => void): Promise<Response>;
  /** From now on nothing new is begun. */
  drain(): void;
  /** Once nothing is worked on, ends the streams that only watch: nothing more will happen. */
  hush(): Promise<void>;
  /** Answers what is still under way: whatever it waits for is left as it is. */
  leave(): void;
  /** Requests under way. */
  inside(): number;
}

/** One request, once it is answered. Nothing a client sent stands in it but method and id. */
export interface LogLine {
  readonly at: number;
  readonly request: string;
  readonly method: string;
  /** The route's own path, never the one that was sent. */
  readonly route: string | null;
  readonly status: number;
  readonly ms: number;
  readonly key: string | null;
  /** Code of the failure. */
  readonly code?: string;
  /** What is wrong in nanos itself. */
  readonly bug?: string;
}

export interface AppParts {
  readonly nanos: Nanos;
  readonly clock: Clock;
  readonly random: Random;
  readonly carried: Carried;
  readonly metrics: Metrics;
  readonly rates: Rates;
  readonly names: () => Names;
  /** True where programs may ask the operator for keys. */
  readonly oauth: boolean;
  /** What a key is served over MCP. */
  readonly speak: McpDeskParts["speak"];
  readonly log: (line: LogLine) => void;
}

interface Asked {
  readonly request: Request;
  readonly id: string;
  readonly admitted: (inside: boolean) => void;
  /** Set as the request is let in further, for the log. */
  key: Caller | null;
}

/** What requests are held against. */
interface Held {
  readonly doors: Doors;
  readonly seats: Seats;
  readonly mcp: McpDesk;
  readonly consents: Consents;
  readonly routes: readonly Route[];
  /** Aborts when streams have nothing more to tell. */
  readonly ends: AbortSignal;
  readonly leaves: AbortSignal;
}

export function appOf(parts: AppParts): App {
  const { nanos, clock } = parts;
  const seats = openSeats(parts, parts.names);
  const doors = openDoors(nanos, seats, parts.rates);
  const mcp = openMcpDesk({ ...parts, failed: (error) => parts.log(bugLine(clock, error)) });
  const consents = openConsents({ ...parts, keys: nanos.keys });
  const routes = ROUTES.filter(({ oauth }) => !oauth || parts.oauth);
  const [hushed, left] = [new AbortController(), new AbortController()];
  const [ends, leaves] = [hushed.signal, left.signal];
  const held: Held = { doors, seats, mcp, consents, routes, ends, leaves };
  const router = new Hono<{ Bindings: Asked }>();
  const state = { draining: false };
  for (const route of routes) {
    const path = route.path.replaceAll(/\{(\w+)\}/gu, ":$1");
    router.on(route.method, path, (c) => {
      const draining = state.draining;
      return answer(parts, held, c.env, { route, params: c.req.param(), draining });
    });
  }
  router.notFound(async ({ env }) => refuseUnknown(parts, held, env));
  return {
    fetch: async (request, admitted = () => undefined) => {
      const asked: Asked = { request, id: idOf(request, parts), admitted, key: null };
      return router.fetch(request, asked);
    },
    drain: () => {
      state.draining = true;
      mcp.drain();
    },
    hush: async () => {
      await doors.idle();
      hushed.abort();
    },
    leave: () => {
      left.abort();
      hushed.abort();
    },
    inside: () => doors.inside,
  };
}

interface Found {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
  readonly draining: boolean;
}

/** A bug of an answer whose status was sent before. */
function bugLine(clock: Clock, error: unknown): LogLine {
  const bug = { code: "http.internal", bug: messageOf(error) };
  return {
    at: clock.now(),
    request: "",
    method: "POST",
    route: "/mcp",
    status: 200,
    ms: 0,
    key: null,
    ...bug,
  };
}

/** Lets one request in, has it handled, and logs it. */
async function answer(
  parts: AppParts,
  { doors, routes, ends, ...held }: Held,
  asked: Asked,
  { route, params, draining }: Found,
): Promise<Response> {
  return logged(parts, asked, route, async () => {
    const { nanos, clock } = parts;
    const { request, id } = asked;
    checkRequest(request, parts.names(), route);
    asked.key = await doors.admit(request, route);
    if (route.needs !== "nothing") checkOpen(route, nanos.server, draining);
    const out = doors.enter(asked.key, route.streams === "always" ? "streams" : "requests");
    const leave = (): void => {
      out();
      asked.admitted(false);
    };
    let stays = false;
    try {
      const body = await bodyFor(request, route, parts);
      asked.admitted(true);
      const { key } = asked;
      const { headers, signal, url } = request;
      const call = { id, key, params, query: new URL(url).searchParams, headers, body, signal };
      const { carried, metrics } = parts;
      const names = parts.names();
      const openapi = (): unknown => openapiOf(routes);
      const inside = { ...held, nanos, clock, carried, metrics, names, draining, openapi };
      const reply = await route.handle({ ...call, ...inside });
      if ("text" in reply) return textOf(route, reply);
      if (!("stream" in reply)) return jsonOf(reply);
      stays = true;
      const { headers: more = {}, lines, stream } = reply;
      const watches = route.streams === "always" ? { ends } : {};
      return streamOf(stream, { clock, signal, headers: more, lines, over: leave, ...watches });
    } finally {
      if (!stays) leave();
    }
  });
}

/** Whoever has no key is not told which routes there are. */
function refuseUnknown(parts: AppParts, { doors, routes }: Held, asked: Asked): Promise<Response> {
  return logged(parts, asked, null, async () => {
    const { request } = asked;
    checkRequest(request, parts.names());
    asked.key = await doors.admit(request, { needs: "key" });
    const { pathname } = new URL(request.url);
    const methods = routes.filter(({ path }) => fits(path, pathname)).map(({ method }) => method);
    if (methods.length === 0) {
      throw new Refusal("http.not_found", "There is no such route.", "See /openapi.json.");
    }
    const allow = methods.join(", ");
    throw new Refusal("http.method", `That route takes ${allow}.`, "See /openapi.json.", {
      headers: { allow },
    });
  });
}

function fits(path: string, pathname: string): boolean {
  const parts = path.split("/");
  const given = pathname.split("/");
  return (
    parts.length === given.length && parts.every((one, i) => one[0] === "{" || one === given[i])
  );
}

async function bodyFor(request: Request, route: Route, parts: AppParts): Promise<unknown> {
  const { takes, form = false } = route;
  return takes === null ? null : bodyOf(request, { takes, form }, parts);
}

async function logged(
  parts: AppParts,
  asked: Asked,
  route: Route | null,
  act: () => Promise<Response>,
): Promise<Response> {
  const { nanos, clock, log, metrics } = parts;
  const { request, id } = asked;
  const start = clock.elapsed();
  let failed: NanosError | null = null;
  let response: Response;
  try {
    response = await act();
  } catch (error) {
    failed = failureOf(error);
    response = refusalOf(failed, route);
    // Where to ask for a key, in the words clients look for it.
    if (response.status === 401) {
      response.headers.set("www-authenticate", challengeFor(request, parts, route));
    }
  }
  response.headers.set("x-request-id", id);
  for (const [name, value] of HEADERS) {
    if (!response.headers.has(name)) response.headers.set(name, value);
  }
  const line: LogLine = {
    ...{ at: clock.now(), request: id, method: request.method, route: route?.path ?? null },
    ...{ status: response.status, ms: Math.round(clock.elapsed() - start) },
    key: asked.key?.id ?? null,
    ...(failed === null ? {} : { code: failed.code }),
    ...(failed?.code === "http.internal" ? { bug: messageOf(failed.cause) } : {}),
  };
  if (isWorth(line, nanos.server)) log(line);
  metrics.count(line);
  return response;
}

const HEADERS: readonly (readonly [string, string])[] = [
  ["cache-control", "no-store"],
  ["x-content-type-options", "nosniff"],
  // What is no page is none, whatever a browser takes it for.
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox"],
  ["cross-origin-resource-policy", "same-origin"],
  ["referrer-policy", "no-referrer"],
];

function refusalOf(failed: NanosError, route: Route | null): Response {
  const { code, message, next } = failed;
  const { param = null, headers = {} } = failed instanceof Refusal ? failed : {};
  const body = route?.refusal?.of(failed) ?? errorBody({ code, message, next, param });
  return jsonOf({ status: statusOf(code), headers, body });
}

function challengeFor({ headers }: Request, parts: AppParts, route: Route | null): string {
  const asks = parts.oauth && route?.path === "/mcp";
  return asks ? challengeOf({ headers, names: parts.names() }) : "Bearer";
}

function textOf(
  { media = "text/plain" }: Route,
  { text, status = 200, headers = {} }: Extract<Reply, { readonly text: unknown }>,
): Response {
  const type = media.startsWith("text/") ? `${media}; charset=utf-8` : media;
  return new Response(text, { status, headers: { "content-type": type, ...headers } });
}

function jsonOf({
  status = 200,
  headers = {},
  body,
}: {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}): Response {
  return Response.json(body, { status, headers });
}

/** Whether the operator wants such a line. */
function isWorth({ status }: LogLine, { log = "info" }: ServerConfig): boolean {
  return status >= { info: 0, warning: 400, error: 500 }[log];
}

/** @throws Refusal `http.draining`, `http.disabled`. */
function checkOpen(
  { path }: Route,
  { enabled = true, metrics = true }: ServerConfig,
  draining: boolean,
): void {
  if (draining) {
    throw new Refusal("http.draining", "The server is about to stop.", "Try again later.");
  }
  if (enabled && (metrics || path !== "/metrics")) return;
  const next = "The operator's config says so: `server`, docs/reference/environment.md.";
  throw new Refusal("http.disabled", "That is switched off here.", next);
}

/** The id a client gave the request, where it is one; else a new one. */
function idOf(request: Request, { clock, random }: AppParts): string {
  const given = request.headers.get("x-request-id") ?? "";
  return /^[\w.:-]{1,64}$/u.test(given) ? given : newId("q", clock.now(), random);
}
