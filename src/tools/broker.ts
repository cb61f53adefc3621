import type { LookupAddress } from "node:dns";
import type { IncomingMessage, RequestOptions } from "node:http";
import { parseAddress } from "../std/address.ts";
import { type Clock, systemClock } from "../std/clock.ts";
import { codeOf, messageOf } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import type { Failure } from "../contracts/outcome.ts";
import { addressesToDial, literalOf, type Resolve } from "./proxy/dial.ts";
import { filled, handlesIn } from "./handles.ts";

/** A request made for a tool, by nanos, after the gate has allowed its destination. */
export interface BrokerRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface BrokerOptions {
  /** Values by name of secret, put in place of their handles in headers, for the first host alone. */
  readonly secrets?: ReadonlyMap<string, string>;
  /** `host:port` as grants name them: where private addresses may be reached. */
  readonly privateOk: readonly string[];
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  /** Milliseconds for everything, redirects included. */
  readonly ms?: number;
  /** Largest body, after decoding. */
  readonly bytes?: number;
  /** Names to addresses; the machine's own resolver where nothing is said. */
  readonly resolve?: Resolve;
}

/** What came back. Header names are lower-case; cookies are gone. */
export interface Fetched {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Where the answer came from, after redirects on the same host and port. */
  readonly url: string;
  /** `host:port`. */
  readonly host: string;
}

/** Why there is no answer; the next step goes with the code. */
export const FETCH_FAILURES = {
  "fetch.bad_url": "Use a complete http or https address without a user name.",
  "fetch.bad_request": "Fix the method or the headers.",
  "fetch.in_clear": "Use https: on its way, anybody could read the secret.",
  "fetch.unresolved": "Check the name of the host, and whether this machine is online.",
  "fetch.private_address": "Grant this destination by name if it should be reachable.",
  "fetch.refused": "Check that the server is running and reachable from this machine.",
  "fetch.tls": "The server's certificate does not hold; do not send anything there.",
  "fetch.timeout": "Try again later, or fetch something smaller.",
  "fetch.too_large": "Fetch something smaller.",
  "fetch.too_many_redirects": "The site sends requests in circles; use another address.",
  "fetch.redirected": "Fetch the address it points to, if that is where it should go.",
  "fetch.cancelled": "Nothing to do: it was stopped on purpose.",
  "fetch.broken": "Try again later: the server's answer was cut or broken.",
} as const;

export type FetchFailureCode = keyof typeof FETCH_FAILURES;

/**
 * Makes one request. The name is resolved once, every address it has must be allowed, and the
 * connection goes to the very address that was checked, so a name that answers differently the
 * second time gains nothing. A redirect to another host or port is not followed but returned as
 * `fetch.redirected`, with the target for the gate to judge (`redirectTarget`).
 */
export async function brokerFetch(
  request: BrokerRequest,
  options: BrokerOptions,
): Promise<Fetched | Failure> {
  const wanted = readRequest(request);
  if ("code" in wanted) return wanted;
  const unfit = whyNotSecret(wanted, options);
  if (unfit) return unfit;
  const { clock = systemClock, ms = LIMITS.fetchMs } = options;
  const start = clock.elapsed();
  let now = wanted;
  for (let hop = 0; hop <= LIMITS.fetchRedirects; hop++) {
    const left = Math.max(1, Math.ceil(ms - (clock.elapsed() - start)));
    const timeout = AbortSignal.timeout(left);
    const signal = AbortSignal.any([options.signal, timeout]);
    const reply = await hopOnce(now, { ...options, signal });
    if (options.signal.aborted) return failure("fetch.cancelled", "The request was cancelled.");
    if (timeout.aborted) {
      return failure("fetch.timeout", `${now.host} did not answer within ${Math.round(ms)} ms.`);
    }
    if ("code" in reply) return reply;
    const target = redirectOf(reply, now.url);
    if (target === null) return reply;
    const next = follow(now, reply.status, target);
    if ("code" in next) return next;
    now = next;
  }
  return failure("fetch.too_many_redirects", `${now.host} redirects without end.`);
}

/** Where a `fetch.redirected` failure points to; null for any other failure. */
export function redirectTarget({ code, message }: Failure): string | null {
  return code === "fetch.redirected" ? (/ points to (\S+)\.$/u.exec(message)?.[1] ?? null) : null;
}

function failure(code: FetchFailureCode, message: string): Failure {
  return { code, message, next: FETCH_FAILURES[code] };
}

interface Wanted {
  readonly url: URL;
  /** `host:port`, as the address bar would show it, with the port always. */
  readonly host: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

function readRequest({ method, url, headers, body }: BrokerRequest): Wanted | Failure {
  const target = URL.canParse(url) ? new URL(url) : null;
  if (target === null || !/^https?:$/u.test(target.protocol) || target.hostname === "") {
    return failure("fetch.bad_url", "The address is not a complete http or https address.");
  }
  if (target.username !== "" || target.password !== "") {
    return failure("fetch.bad_url", "The address carries a user name or password.");
  }
  if (!METHODS.has(method)) {
    return failure("fetch.bad_request", `The method ${method.slice(0, 20)} is not offered.`);
  }
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u.test(name) || !SAFE_VALUE.test(value)) {
      return failure("fetch.bad_request", `The header ${name.slice(0, 40)} is not well formed.`);
    }
    if (!OURS.test(name)) kept[name.toLowerCase()] = value;
  }
  return { url: target, host: hostPort(target), method, headers: kept, body };
}

/** Why the secrets in the headers cannot travel this way; null when they can. */
function whyNotSecret({ url, host, headers }: Wanted, { secrets }: BrokerOptions): Failure | null {
  const names = handlesIn(Object.values(headers)).filter((name) => secrets?.has(name));
  if (names.length > 0 && url.protocol === "http:" && parseAddress(host)?.kind === "public") {
    return failure("fetch.in_clear", `A secret does not go to ${host} without encryption.`);
  }
  const bad = names.find((name) => !SAFE_VALUE.test(secrets?.get(name) ?? ""));
  if (bad === undefined) return null;
  return failure("fetch.bad_request", `The secret ${bad} has several lines and fits no header.`);
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
const SAFE_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/u;
/** Headers that frame or route the request, or carry cookies: set by us or not at all. */
const OURS =
  /^(?:host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|keep-alive|accept-encoding|cookie|proxy-.*)$/iu;

function hostPort(url: URL): string {
  const host = url.hostname.replace(/\.$/u, "");
  return `${host}:${url.port || (url.protocol === "http:" ? "80" : "443")}`;
}

type HopOptions = BrokerOptions;

async function hopOnce(wanted: Wanted, options: HopOptions): Promise<Fetched | Failure> {
  const addresses = await addressesOf(wanted, options);
  if ("code" in addresses) return addresses;
  let last: Failure = failure("fetch.unresolved", `${wanted.host} has no address.`);
  for (const address of addresses) {
    const reply = await exchange(wanted, address, options);
    if (!("code" in reply) || reply.code !== "fetch.refused") return reply;
    last = reply;
  }
  return last;
}

/** The addresses to dial: all allowed, or a failure. */
async function addressesOf(
  { url, host }: Wanted,
  { privateOk, resolve, signal }: HopOptions,
): Promise<readonly LookupAddress[] | Failure> {
  const name = url.hostname.replace(/^\[|\]$/gu, "");
  const found = await addressesToDial(name, privateOk.includes(host), signal, resolve);
  if ("addresses" in found) return found.addresses;
  if (found.refused === "unresolved") {
    return failure("fetch.unresolved", `The name ${name} could not be resolved.`);
  }
  const where = literalOf(name) ? host : `${host} (${found.address})`;
  return failure("fetch.private_address", `${where} is not a public address.`);
}

/** One request on one fresh connection to one checked address. */
async function exchange(
  wanted: Wanted,
  address: LookupAddress,
  options: HopOptions,
): Promise<Fetched | Failure> {
  const { url, method, headers, body } = wanted;
  const secure = url.protocol === "https:";
  const { request } = await (secure ? import("node:https") : import("node:http"));
  const name = url.hostname.replace(/^\[|\]$/gu, "");
  const order: RequestOptions & { servername?: string } = {
    method,
    hostname: name,
    port: url.port || (secure ? 443 : 80),
    path: `${url.pathname}${url.search}`,
    headers: {
      "user-agent": "nanos",
      "accept-encoding": "gzip, deflate, br",
      ...withSecrets(headers, options.secrets),
      ...(body === null ? {} : { "content-length": String(Buffer.byteLength(body)) }),
      host: url.host,
    },
    // Whatever the name says by now, the connection goes to the address that was checked; and to
    // a fresh one, as a pooled connection may lead elsewhere.
    lookup: (_host, asked, answer) => {
      if (typeof asked === "object" && asked.all) {
        (answer as unknown as (e: null, all: LookupAddress[]) => void)(null, [address]);
      } else answer(null, address.address, address.family);
    },
    agent: false,
    signal: options.signal,
    ...(secure && !literalOf(name) ? { servername: name } : {}),
  };
  return new Promise((settle) => {
    const fail = (error: unknown): void => settle(networkFailure(wanted.host, error));
    try {
      const outgoing = request(order, (response) => {
        readReply(wanted, response, options).then(settle, fail);
      });
      outgoing.on("error", fail);
      outgoing.end(body ?? undefined);
    } catch (error) {
      fail(error);
    }
  });
}

/** The last step before the wire: what the request looks like from here on, nobody sees. */
function withSecrets(
  headers: Wanted["headers"],
  secrets: BrokerOptions["secrets"] = new Map(),
): Wanted["headers"] {
  if (secrets.size === 0) return headers;
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, filled(value, secrets)]),
  );
}

async function readReply(
  wanted: Wanted,
  response: IncomingMessage,
  { bytes = LIMITS.fetchBytes }: HopOptions,
): Promise<Fetched | Failure> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value === undefined || name === "set-cookie") continue;
    headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  const status = response.statusCode ?? 0;
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of await decoded(response, headers["content-encoding"])) {
      size += (chunk as Uint8Array).length;
      if (size > bytes) {
        response.destroy();
        return failure("fetch.too_large", `${wanted.url.host} sent more than ${bytes} bytes.`);
      }
      chunks.push(chunk as Uint8Array);
    }
  } catch (error) {
    return failure("fetch.broken", `${wanted.host} broke off its answer: ${messageOf(error)}`);
  }
  delete headers["content-encoding"];
  delete headers["content-length"];
  const body = textOf(Buffer.concat(chunks), headers["content-type"]);
  return { status, headers, body, url: wanted.url.href, host: wanted.host };
}

async function decoded(
  response: IncomingMessage,
  encoding: string | undefined,
): Promise<AsyncIterable<unknown>> {
  if (encoding === undefined || encoding === "" || encoding === "identity") return response;
  const zlib = await import("node:zlib");
  const { pipeline } = await import("node:stream");
  const decoder =
    encoding === "br"
      ? zlib.createBrotliDecompress()
      : encoding === "gzip" || encoding === "x-gzip" || encoding === "deflate"
        ? zlib.createUnzip()
        : null;
  if (decoder === null) throw new Error(`unknown encoding ${encoding.slice(0, 20)}`);
  // The error of a broken pipeline surfaces where the decoder is read.
  return pipeline(response, decoder, () => undefined);
}

/** The body as text, in the charset the server names where the runtime knows it. */
function textOf(bytes: Uint8Array, type: string | undefined): string {
  const charset = /charset="?([\w-]+)/iu.exec(type ?? "")?.[1] ?? "utf-8";
  try {
    return new TextDecoder(charset as "utf-8").decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

function redirectOf({ status, headers }: Fetched, base: URL): URL | null {
  const location = headers["location"];
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return null;
  return URL.canParse(location, base.href) ? new URL(location, base) : null;
}

/** The next request of a redirect that stays where it was; the same address rules apply to it. */
function follow(now: Wanted, status: number, target: URL): Wanted | Failure {
  target.hash = "";
  const same = hostPort(target) === now.host && target.protocol === now.url.protocol;
  if (!same || target.username !== "" || target.password !== "") {
    return failure("fetch.redirected", `${now.host} points to ${target.href}.`);
  }
  const rewritten = status === 303 || (status < 303 && now.method === "POST");
  if (!rewritten || now.method === "HEAD") return { ...now, url: target };
  const { "content-type": _, ...headers } = now.headers;
  return { ...now, url: target, method: "GET", body: null, headers };
}

function networkFailure(host: string, error: unknown): Failure {
  const code = codeOf(error);
  const why = code === "" ? messageOf(error) : code;
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO|ERR_TLS/u.test(code)) {
    return failure("fetch.tls", `${host} could not prove who it is: ${why}.`);
  }
  if (
    /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ConnectionRefused|FailedToOpenSocket)$/u.test(
      code,
    )
  ) {
    return failure("fetch.refused", `${host} could not be reached: ${why}.`);
  }
  return failure("fetch.broken", `The request to ${host} failed: ${why}.`);
}
