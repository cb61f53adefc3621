import { createSocket } from "node:dgram";
import { lookup, resolve4 } from "node:dns/promises";
import { connect } from "node:net";
import { attempt, attemptSoon, call, text } from "./native.ts";

const AF = { unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17, alg: 38, vsock: 40 } as const;
const SOCK = { stream: 1, datagram: 2, raw: 3 } as const;

/** Speaking to anybody. Judged by the servers that listen outside. */
export const SOCKETS = {
  tcp: async (port: string) => {
    await attemptSoon("net", () => dial({ host: "127.0.0.1", port: Number(port) }));
    knock(AF.inet, SOCK.stream, inetAddress(Number(port)));
  },
  "tcp-6": async (port: string) => {
    await attemptSoon("net", () => dial({ host: "::1", port: Number(port) }));
    knock(AF.inet6, SOCK.stream, inet6Address(Number(port)));
  },
  http: async (port: string, socket: string) => {
    const url = `http://127.0.0.1:${port}/`;
    await attemptSoon("fetch", () => fetch(url).then((reply) => reply.text()));
    await attemptSoon("fetch by a socket", () =>
      fetch(url, { unix: socket }).then((r) => r.text()),
    );
    await attemptSoon("WebSocket", () => opened(new WebSocket(url.replace("http", "ws"))));
    const { request } = await import("node:http");
    await attemptSoon("http", () => {
      return new Promise((resolve, reject) => request(url, resolve).on("error", reject).end());
    });
    const socketEvents = { data: () => undefined };
    await attemptSoon("Bun.connect", async () => {
      await Bun.connect({ hostname: "127.0.0.1", port: Number(port), socket: socketEvents });
      return "connected";
    });
  },
  udp: async (port: string) => {
    await attemptSoon("dgram", async () => {
      const socket = createSocket("udp4");
      await new Promise<void>((resolve, reject) => {
        socket.on("error", reject);
        socket.send("escaped", Number(port), "127.0.0.1", () => resolve());
      }).finally(() => socket.close());
    });
    knock(AF.inet, SOCK.datagram, inetAddress(Number(port)));
  },
  names: async () => {
    // The name exists on every machine; a server is asked for the other.
    await attemptSoon("lookup", async () => (await lookup("localhost.nanos.invalid")).address);
    await attemptSoon("resolve", async () => (await resolve4("nanos.invalid"))[0]);
    attempt("socket", () => call("socket", AF.inet, SOCK.datagram, 0));
  },
  listen: async () => {
    await attemptSoon("Bun.listen", async () => {
      const server = Bun.listen({
        hostname: "127.0.0.1",
        port: 0,
        socket: { data: () => undefined },
      });
      return server.port;
    });
    await attemptSoon(
      "Bun.serve",
      async () => Bun.serve({ port: 0, fetch: () => new Response() }).port,
    );
    attempt("bind", () => {
      const fd = call("socket", AF.inet, SOCK.stream, 0);
      call("bind", fd, inetAddress(0), 16);
      return call("listen", fd, 1);
    });
  },
  unix: async (path: string) => {
    await attemptSoon("net", () => dial({ path }));
    const address = unixAddress(path);
    knock(AF.unix, SOCK.stream, address);
    attempt("a pair pointed elsewhere", () => {
      const pair = new Int32Array(2);
      call("socketpair", AF.unix, SOCK.datagram, 0, pair);
      return call("connect", pair[0] ?? -1, address, address.length);
    });
  },
  abstract: async (name: string) => {
    await attemptSoon("net", () => dial({ path: `\0${name}` }));
    knock(AF.unix, SOCK.stream, new Uint8Array([AF.unix, 0, 0, ...Buffer.from(name)]));
  },
  families: () => {
    const NETLINK_ROUTE = 0;
    attempt("netlink", () => call("socket", AF.netlink, SOCK.raw, NETLINK_ROUTE));
    attempt("vsock", () => call("socket", AF.vsock, SOCK.stream, 0));
    attempt("packet", () => call("socket", AF.packet, SOCK.raw, 0));
    attempt("raw", () => call("socket", AF.inet, SOCK.raw, 1));
    attempt("cipher", () => call("socket", AF.alg, 5, 0));
    for (let family = 3; family < 46; family++) {
      attempt(`family ${family}`, () => call("socket", family, SOCK.stream, 0));
    }
  },
} as const;

function dial(to: { host: string; port: number } | { path: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(to, () => {
      socket.end("escaped");
      resolve("connected");
    });
    socket.on("error", reject);
  });
}

function opened(socket: WebSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.addEventListener("open", () => resolve("open"));
    socket.addEventListener("error", () => reject(new Error("closed")));
  });
}

function knock(family: number, kind: number, address: Uint8Array): void {
  attempt("socket", () => {
    const fd = call("socket", family, kind, 0);
    call("connect", fd, address, address.length);
    return call("write", fd, text("escaped"), 7);
  });
}

function inetAddress(port: number): Uint8Array {
  return new Uint8Array([AF.inet, 0, port >> 8, port & 255, 127, 0, 0, 1, ...new Uint8Array(8)]);
}

function inet6Address(port: number): Uint8Array {
  const head = [AF.inet6, 0, port >> 8, port & 255, 0, 0, 0, 0];
  return new Uint8Array([...head, ...new Uint8Array(15), 1, 0, 0, 0, 0]);
}

function unixAddress(path: string): Uint8Array {
  return new Uint8Array([AF.unix, 0, ...Buffer.from(path), 0]);
}
