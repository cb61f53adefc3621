import { type Address, parseAddress } from "../../std/address.ts";

/** What a client of the proxy asks for with its first lines. */
export type Opening =
  /** `CONNECT host:port`: bytes both ways, whose beginning must name the same host again. */
  | { readonly kind: "tunnel"; readonly to: Address }
  | { readonly kind: "request"; readonly to: Address; readonly request: Forwarded }
  | NoOpening;

/** One plain request as it is sent on: alone on its connection, with so many bytes of body. */
export interface Forwarded {
  readonly head: string;
  readonly body: number;
}

/** `other`: it names a second host, `asked` where that could be read. */
export type NoOpening =
  | { readonly kind: "unreadable"; readonly says: string }
  | { readonly kind: "other"; readonly asked: Address | null };

/** Reads the first lines of a connection to the proxy, up to and with the empty one. */
export function readOpening(text: string): Opening {
  const head = parseHead(text);
  if (head === null) return unreadable("the request is not well formed");
  if (head.method === "CONNECT") {
    const to = /:\d+$/u.test(head.target) ? parseAddress(head.target) : null;
    if (to === null) return unreadable("CONNECT needs a host and a port");
    const hosts = valuesOf(head, "host").map((host) => parseAddress(withPort(host, to.port)));
    const other = hosts.find((host) => host?.text !== to.text);
    return other === undefined ? { kind: "tunnel", to } : { kind: "other", asked: other };
  }
  const url = /^http:\/\//iu.test(head.target) ? parseUrl(head.target) : null;
  const to = url && parseAddress(`${url.hostname}:${url.port || "80"}`);
  if (url === null || to === null) return unreadable("only CONNECT and http:// are offered");
  const request = forwarded(head, `${url.pathname}${url.search}`, to);
  return "kind" in request ? request : { kind: "request", to, request };
}

/** Reads a plain request inside a tunnel, which must be for the host the tunnel leads to. */
export function readInner(text: string, to: Address): Forwarded | NoOpening {
  const head = parseHead(text);
  if (head === null || !head.target.startsWith("/")) {
    return unreadable("what goes through a tunnel is TLS or a plain request");
  }
  return forwarded(head, head.target, to);
}

interface Head {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

// eslint-disable-next-line no-control-regex -- control characters are what this refuses
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/u;

function parseHead(text: string): Head | null {
  const [first = "", ...lines] = text.slice(0, -4).split("\r\n");
  if ([first, ...lines].some((line) => CONTROL.test(line))) return null;
  const request = /^([A-Z]{3,16}) (\S+) HTTP\/1\.[01]$/u.exec(first);
  if (request === null) return null;
  const headers: [string, string][] = [];
  for (const line of lines) {
    const header = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/u.exec(line);
    if (header === null) return null;
    headers.push([(header[1] ?? "").toLowerCase(), header[2] ?? ""]);
  }
  return { method: request[1] ?? "", target: request[2] ?? "", headers };
}

function parseUrl(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url === null || url.username !== "" || url.password !== "" ? null : url;
}

function valuesOf({ headers }: Head, name: string): string[] {
  return headers.filter(([one]) => one === name).map(([, value]) => value);
}

function withPort(host: string, port: number): string {
  return /:\d+$/u.test(host) && !/^\[[^\]]*$/u.test(host) ? host : `${host}:${port}`;
}

/** Headers that speak to a proxy or of the connection, which are ours to say. */
const OURS = /^(?:connection|keep-alive|te|trailer|upgrade|http2-settings|proxy-.*)$/u;

function forwarded(head: Head, path: string, to: Address): Forwarded | NoOpening {
  const hosts = valuesOf(head, "host");
  const asked = parseAddress(withPort(hosts[0] ?? "", 80));
  if (hosts.length !== 1) return unreadable("a request names its host once");
  if (asked?.text !== to.text) return { kind: "other", asked };
  if (valuesOf(head, "transfer-encoding").length > 0) {
    return unreadable("the body's length must be given");
  }
  const lengths = [...new Set(valuesOf(head, "content-length"))];
  const [length = "0"] = lengths;
  if (lengths.length > 1 || !/^\d{1,15}$/u.test(length)) {
    return unreadable("the body's length cannot be read");
  }
  const kept = head.headers.filter(([name]) => !OURS.test(name));
  const lines = kept.map(([name, value]) => `${name}: ${value}\r\n`);
  const first = `${head.method} ${path} HTTP/1.1\r\n`;
  return { head: `${first}${lines.join("")}connection: close\r\n\r\n`, body: Number(length) };
}

function unreadable(says: string): NoOpening {
  return { kind: "unreadable", says };
}
