import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { LIMITS } from "../../std/limits.ts";
import { PROXY_SOCKET } from "../bwrap.ts";
import { RELAY_PORT } from "./place.ts";

/**
 * The way out of a box: bytes from its one port to the socket of our proxy and back. It knows
 * nothing of hosts; the proxy at the other end decides. It lives as long as the box does.
 */
export async function relay(): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (inside) => {
    const outside = connect({ path: PROXY_SOCKET, allowHalfOpen: true });
    join(inside, outside);
    join(outside, inside);
  });
  server.maxConnections = LIMITS.proxyConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(RELAY_PORT, "127.0.0.1", resolve);
  });
  process.stdout.write("ready\n");
  await new Promise(() => undefined);
}

function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on("error", () => to.destroy());
  from.on("close", () => to.end());
}
