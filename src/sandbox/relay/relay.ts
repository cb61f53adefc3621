import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { LIMITS } from "../../std/limits.ts";
import { PROXY_SOCKET } from "../bwrap.ts";
import { RELAY_PORT } from "./place.ts";

/**
 * The way out of a box: bytes from its one port to the socket of our proxy and back. It knows
 * nothing of hosts; the proxy at the other end decides. It lives as long as the box does.
 */
export async function relay(): Promise<void> {
  await relayTo(PROXY_SOCKET, RELAY_PORT);
  process.stdout.write("ready\n");
  await new Promise(() => undefined);
}

/** A relay of this process; `port` 0 takes one that is free. */
export async function relayTo(
  socket: string,
  port: number,
): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (inside) => {
    const outside = connect({ path: socket, allowHalfOpen: true });
    join(inside, outside);
    join(outside, inside);
  });
  server.maxConnections = LIMITS.proxyConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return { port: (server.address() as AddressInfo).port, server };
}

function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on("error", () => to.destroy());
  from.on("close", () => to.end());
}
