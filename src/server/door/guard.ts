import { Refusal } from "../refusal.ts";

/**
 * What is looked at before anything else of a request. A page in a browser may send requests here, and
 * a name of its own may lead here (rebinding): so the request has to be addressed to one of our names,
 * come from no page but our own, and carry JSON, which no form can send.
 */
export interface Names {
  /** `HOST:PORT` as clients may address it, lower case. */
  readonly hosts: ReadonlySet<string>;
  /** True where any address of this machine will do: then a Host that is an address is one of ours. */
  readonly anyAddress: boolean;
  readonly port: number;
  readonly secure: boolean;
  /** Names by which somebody in front of it may be asked over TLS, who passes on without. */
  readonly proxied: ReadonlySet<string>;
}

/** The names a server goes by that listens at `host` and port. */
export function namesOf(given: {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** Other names it is called by, with or without a port. */
  readonly also: readonly string[];
}): Names {
  const { host, port, secure } = given;
  const own = [...LOOPBACK, host.includes(":") ? `[${host}]` : host];
  const usual = port === (secure ? 443 : 80);
  const names = own.flatMap((name) => [`${name}:${port}`, ...(usual ? [name] : [])]);
  const also = given.also.map((name) => name.toLowerCase());
  const hosts = new Set([...names.map((name) => name.toLowerCase()), ...also]);
  const proxied = new Set(secure ? [] : also);
  return { hosts, port, secure, proxied, anyAddress: host === "0.0.0.0" || host === "::" };
}

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** True for an address nobody outside this machine reaches. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host) || host === "::1" || /^127\.\d+\.\d+\.\d+$/u.test(host);
}

/** @throws Refusal `http.host`, `http.origin`, `http.media`. */
export function checkRequest(
  request: Request,
  names: Names,
  { visited = false, form = false }: { readonly visited?: boolean; readonly form?: boolean } = {},
): void {
  const { headers } = request;
  const host = headers.get("host")?.toLowerCase() ?? "";
  if (!isOurs(host, names)) {
    throw new Refusal(
      "http.host",
      "The request is addressed to another host.",
      "Ask by an address of this server, or have it started with --name NAME.",
    );
  }
  const origin = headers.get("origin");
  const isOwn = origin === null || originsOf(host, names).includes(origin);
  const site = headers.get("sec-fetch-site");
  const isVisit =
    visited && request.method === "GET" && headers.get("sec-fetch-mode") === "navigate";
  if (!isOwn || (site !== null && !SAME_SITE.includes(site) && !isVisit)) {
    const message = "Pages of other sites may not ask.";
    throw new Refusal(
      "http.origin",
      message,
      "Ask from a program, or from this server's own page.",
    );
  }
  const sends = request.method !== "GET" && request.method !== "HEAD" && hasBody(headers);
  const wanted = form ? "application/x-www-form-urlencoded" : "application/json";
  const [media = ""] = (headers.get("content-type") ?? "").toLowerCase().split(";", 1);
  if (sends && media.trim() !== wanted) {
    const message = form ? "The body is no form." : "The body is not JSON.";
    throw new Refusal("http.media", message, `Send Content-Type: ${wanted}.`);
  }
}

/** This server as a request has it addressed, which is one of its own names. */
export function ownAddress(given: {
  readonly names: Pick<Names, "secure">;
  readonly headers: Headers;
}): string {
  const host = (given.headers.get("host") ?? "").toLowerCase();
  return `${given.names.secure ? "https" : "http"}://${host}`;
}

/** What a page of ours names as where it comes from, at that host. */
function originsOf(host: string, { secure, proxied }: Names): readonly string[] {
  if (secure) return [`https://${host}`];
  return [`http://${host}`, ...(proxied.has(host) ? [`https://${host}`] : [])];
}

const SAME_SITE: readonly string[] = ["same-origin", "none"];

function hasBody(headers: Headers): boolean {
  const length = headers.get("content-length");
  return headers.has("transfer-encoding") || (length !== null && length !== "0");
}

function isOurs(host: string, { hosts, anyAddress, port }: Names): boolean {
  if (hosts.has(host)) return true;
  return anyAddress && host.endsWith(`:${port}`) && ADDRESS.test(host.slice(0, -`:${port}`.length));
}

// A name can be made to lead here by whoever owns it; an address is what it is.
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/u;
