import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A cable between a browser and a server, which can be pulled and put back. */
export interface Cable {
  /** Where the browser asks. */
  readonly port: number;
  /** Where the server is, once that is known. */
  to(port: number): void;
  pull(): void;
  putBack(): void;
  close(): void;
}

export async function cable(): Promise<Cable> {
  const sockets = new Set<Socket>();
  const state = { to: 0, pulled: false };
  const server = createServer((near) => {
    if (state.pulled) return near.destroy();
    const far = connect(state.to, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const pull = (): void => {
    state.pulled = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    to: (port) => {
      state.to = port;
    },
    pull,
    putBack: () => {
      state.pulled = false;
    },
    close: () => {
      pull();
      server.close();
    },
  };
}
