import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Address, parseAddress } from "../../std/address.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Refused } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import type { Reached } from "../tool-host.ts";
import { addressesToDial, type Resolve } from "./dial.ts";
import { readHello } from "./hello.ts";
import { collect, dialOne, joinBoth } from "./sockets.ts";
import { type Forwarded, type NoOpening, readInner, readOpening } from "./opening.ts";

/**
 * The one way from a sandboxed program to the network:
 *
 *     program -> relay in its box -> this socket -> is it open, and for this host and port?
 *       -> the name is resolved once, and the address that was checked is dialled
 *       -> what the connection begins with names the same host -> bytes both ways
 *
 * The socket is the capability: each process has its own, and it is open only while a call is, whose
 * scopes the gate has judged. A host those do not name is refused and told; nothing is asked here.
 */
export interface Proxy {
  /** Path of its socket. */
  readonly socket: string;
  /** Lets traffic through, on behalf of this call. */
  enter(passage: Passage): void;
  /** Once the last call has left, what is open is cut and nothing more gets through. */
  leave(passage: Passage): void;
  close(): void;
}

/** What went through, or tried to, while one call was open. */
export interface Passage {
  /** `host:port`. */
  readonly hosts: Set<string>;
  readonly refused: Map<string, Refused>;
}

export function newPassage(): Passage {
  return { hosts: new Set(), refused: new Map() };
}

/** What a call reached, as its result tells it; nothing where it tried for nothing. */
export function reachedOf({ hosts, refused }: Passage): Reached {
  return {
    ...(hosts.size > 0 && { hosts: [...hosts] }),
    ...(refused.size > 0 && { refused: [...refused.values()] }),
  };
}

export interface ProxyWants {
  /** The scopes the call was judged by; those that are no `net:` say nothing here. */
  readonly scopes: readonly Scope[];
  /** `host:port` that grants name: where a public name may lead to a private address. */
  readonly granted: readonly string[];
  /** Names to addresses; the machine's own resolver where nothing is said. */
  readonly resolve?: Resolve | undefined;
}

/** Opens the proxy of one process. @throws where the socket cannot be made. */
export async function openProxy(wants: ProxyWants): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), `nanos-net-${process.pid}-`));
  const socket = join(folder, "s");
  const proxy = new FilteringProxy(wants);
  const server = createServer({ allowHalfOpen: true }, (client) => proxy.serve(client));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, resolve);
  });
  // Whoever runs in the box is another user; the folder around it keeps everybody else out.
  chmodSync(socket, 0o666);
  server.unref();
  return {
    socket,
    enter: (passage) => proxy.enter(passage),
    leave: (passage) => proxy.leave(passage),
    close: () => closeAll(proxy, server, folder),
  };
}

function closeAll(proxy: FilteringProxy, server: Server, folder: string): void {
  proxy.cut();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}

type Why = Refused["why"];

class FilteringProxy {
  readonly #wants: ProxyWants;
  /** Hosts named, in their one spelling. */
  readonly #named: ReadonlySet<string>;
  readonly #anyPublic: boolean;
  readonly #passages = new Set<Passage>();
  readonly #open = new Set<Socket>();
  /** In all, and those open. */
  #connections = 0;
  #clients = 0;
  #bytes = 0;
  #cut = new AbortController();

  constructor(wants: ProxyWants) {
    this.#wants = wants;
    const places = wants.scopes.flatMap((one) => (one.startsWith("net:") ? [one.slice(4)] : []));
    this.#anyPublic = places.includes("*");
    this.#named = new Set(places.flatMap((place) => parseAddress(place)?.text ?? []));
  }

  enter(passage: Passage): void {
    this.#passages.add(passage);
  }

  leave(passage: Passage): void {
    this.#passages.delete(passage);
    if (this.#passages.size === 0) this.cut();
  }

  cut(): void {
    for (const socket of this.#open) socket.destroy();
    this.#cut.abort();
    this.#cut = new AbortController();
  }

  serve(client: Socket): void {
    this.#keep(client);
    this.#connections += 1;
    this.#clients += 1;
    client.on("close", () => (this.#clients -= 1));
    // No call is open: whatever this is, nobody has judged it.
    if (this.#passages.size === 0) return void client.destroy();
    if (
      this.#connections > LIMITS.proxyConnectionsInAll ||
      this.#clients > LIMITS.proxyConnections
    ) {
      return this.#refuse(client, null, "limit");
    }
    this.#pass(client).catch(() => client.destroy());
  }

  async #pass(client: Socket): Promise<void> {
    const first = await collect(client, Buffer.alloc(0), headEnd);
    if (first === null) return this.#refuse(client, null, "unreadable");
    const opening = readOpening(first.all.subarray(0, first.found).toString("latin1"));
    const rest = first.all.subarray(first.found);
    if (opening.kind === "unreadable" || opening.kind === "other") {
      return this.#refuseOpening(client, opening);
    }
    const { to } = opening;
    if (!this.#allows(to)) return this.#refuse(client, to, "undeclared");
    const server = await this.#dial(client, to);
    if (server === null) return;
    if (opening.kind === "request") return this.#forward(client, server, opening.request, rest);
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    await this.#tunnel({ client, server, to }, rest);
  }

  /** `net:*` is any public host, by whatever name; every other is named with its port. */
  #allows(to: Address): boolean {
    return this.#named.has(to.text) || (this.#anyPublic && to.kind === "public");
  }

  /** A connection to a checked address of the host; null when the client was told there is none. */
  async #dial(client: Socket, to: Address): Promise<Socket | null> {
    const { granted, resolve } = this.#wants;
    const { signal } = this.#cut;
    const named = granted.includes(to.text) || (to.kind !== "public" && this.#named.has(to.text));
    const name = to.host.replace(/^\[|\]$/gu, "");
    const dialled = await addressesToDial(name, named, signal, resolve);
    if ("refused" in dialled && dialled.refused === "private_address") {
      this.#refuse(client, to, "private_address");
      return null;
    }
    for (const { address, family } of "addresses" in dialled ? dialled.addresses : []) {
      const server = await dialOne(address, family, to.port, signal);
      if (server === null) continue;
      this.#keep(server);
      for (const passage of this.#passages) passage.hosts.add(to.text);
      return server;
    }
    say(client, "502 Bad Gateway", `${to.text} could not be reached.`);
    return null;
  }

  /** The first bytes in a tunnel must name the host it leads to, as must every plain request. */
  async #tunnel({ client, server, to }: Tunnel, rest: Buffer): Promise<void> {
    const begun = await collect(client, rest, (all) => beginning(all));
    if (begun === null || begun.found.kind === "none") {
      return this.#refuseIn({ client, server, to }, "unreadable");
    }
    const { found, all } = begun;
    if (found.kind === "plain") {
      const inner = readInner(all.subarray(0, found.end).toString("latin1"), to);
      if ("head" in inner) return this.#forward(client, server, inner, all.subarray(found.end));
      server.destroy();
      return this.#refuseOpening(client, inner, to);
    }
    // A host that is an address is not sent as a name.
    const asked = parseAddress(`${found.name ?? ""}:${to.port}`);
    const same = asked?.text === to.text || (found.name === null && isLiteral(to));
    if (!same) return this.#refuseIn({ client, server, to: asked ?? to }, "other_name");
    this.#join(client, server, { begun: all, most: Infinity });
  }

  #forward(client: Socket, server: Socket, { head, body }: Forwarded, begun: Buffer): void {
    server.write(head);
    this.#join(client, server, { begun, most: body });
  }

  #join(client: Socket, server: Socket, what: { begun: Buffer; most: number }): void {
    joinBoth(client, server, { ...what, count: (bytes) => this.#count(bytes) });
  }

  #count(bytes: number): boolean {
    this.#bytes += bytes;
    if (this.#bytes <= LIMITS.proxyBytes) return true;
    this.#note({ scope: "net:*", why: "limit" });
    return false;
  }

  #refuseIn({ client, server, to }: Tunnel, why: Why): void {
    server.destroy();
    this.#note({ scope: `net:${to.text}`, why });
    client.destroy();
  }

  #refuseOpening(client: Socket, opening: NoOpening, to: Address | null = null): void {
    if (opening.kind === "other") this.#refuse(client, opening.asked ?? to, "other_name");
    else this.#refuse(client, to, "unreadable", opening.says);
  }

  #refuse(client: Socket, to: Address | null, why: Why, says = SAYS[why]): void {
    this.#note({ scope: `net:${to?.text ?? "*"}`, why });
    say(client, "403 Forbidden", `${to?.text ?? "The request"} was refused: ${says}.`);
  }

  #note(refused: Refused): void {
    for (const { refused: known } of this.#passages) {
      if (known.size < LIMITS.proxyRefusals) known.set(`${refused.why} ${refused.scope}`, refused);
    }
  }

  #keep(socket: Socket): void {
    this.#open.add(socket);
    socket.on("close", () => this.#open.delete(socket));
    // How a connection broke is the matter of those at its ends.
    socket.on("error", () => socket.destroy());
  }
}

interface Tunnel {
  readonly client: Socket;
  readonly server: Socket;
  readonly to: Address;
}

const SAYS: Readonly<Record<Why, string>> = {
  undeclared: "the call does not declare this host and port",
  private_address: "its name leads to an address that is not public, and no grant names it",
  other_name: "the connection names another host than it was opened to",
  unreadable: "it cannot be read",
  limit: "a call may not open so many connections",
};

function say(client: Socket, status: string, text: string): void {
  const body = `nanos: ${text}\n`;
  const head = `content-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}`;
  client.end(`HTTP/1.1 ${status}\r\n${head}\r\nconnection: close\r\n\r\n${body}`);
}

/** Where the head of a request ends; null while it does not. */
function headEnd(all: Buffer): number | null {
  const at = all.indexOf("\r\n\r\n");
  return at < 0 ? null : at + 4;
}

type Beginning =
  | { readonly kind: "hello"; readonly name: string | null }
  | { readonly kind: "plain"; readonly end: number }
  | { readonly kind: "none" };

/** What a tunnel begins with; null while that cannot be told. */
function beginning(all: Buffer): Beginning | null {
  const [first] = all;
  if (first === undefined) return null;
  // The first letter of a method.
  if (first >= 0x41 && first <= 0x5a) {
    const end = headEnd(all);
    return end === null ? null : { kind: "plain", end };
  }
  const hello = readHello(all);
  return hello.kind === "part" ? null : hello;
}

function isLiteral({ host }: Address): boolean {
  return host.startsWith("[") || /^\d+\.\d+\.\d+\.\d+$/u.test(host);
}
