import { connect, type Socket } from "node:net";
import { LIMITS } from "../../std/limits.ts";

/** A connection to one address; null when there is none in time. */
export function dialOne(
  host: string,
  family: number,
  port: number,
  signal: AbortSignal,
): Promise<Socket | null> {
  if (signal.aborted) return Promise.resolve(null);
  return new Promise((resolve) => {
    const socket = connect({ host, family, port, allowHalfOpen: true });
    const end = (found: Socket | null): void => {
      signal.removeEventListener("abort", fail);
      socket.setTimeout(0);
      if (found === null) socket.destroy();
      resolve(found);
    };
    const fail = (): void => end(null);
    socket.setTimeout(LIMITS.proxyConnectMs, fail);
    socket.once("connect", () => end(socket));
    socket.once("error", fail);
    signal.addEventListener("abort", fail, { once: true });
  });
}

/** Reads until `test` finds what it looks for; null when the end, a limit or the time comes first. */
export function collect<T extends object | number>(
  from: Socket,
  begun: Buffer,
  test: (all: Buffer) => T | null,
): Promise<{ readonly found: T; readonly all: Buffer } | null> {
  let all = begun;
  const first = test(all);
  if (first !== null) return Promise.resolve({ found: first, all });
  return new Promise((resolve) => {
    const end = (found: T | null): void => {
      clearTimeout(timer);
      from.pause();
      from.off("data", take).off("end", stop).off("close", stop);
      resolve(found === null ? null : { found, all });
    };
    const stop = (): void => end(null);
    const take = (chunk: Buffer): void => {
      all = Buffer.concat([all, chunk]);
      const found = test(all);
      if (found !== null) end(found);
      else if (all.length > LIMITS.proxyOpeningBytes) end(null);
    };
    const timer = setTimeout(stop, LIMITS.proxyOpeningMs);
    from.on("data", take).on("end", stop).on("close", stop);
    from.resume();
  });
}

/**
 * Bytes both ways, the first of the client's given, until one end is gone. Of the client's at most
 * `most` are sent on. `count` is told of all of them, and says whether there may be more.
 */
export function joinBoth(
  client: Socket,
  server: Socket,
  { begun, most, count }: { begun: Buffer; most: number; count: (bytes: number) => boolean },
): void {
  const cut = (): void => {
    client.destroy();
    server.destroy();
  };
  pump(server, client, { most: Infinity, count, cut });
  const pass = pump(client, server, { most, count, cut });
  client.on("close", () => server.destroy());
  server.on("close", () => client.end());
  pass(begun);
  client.resume();
}

interface Pumping {
  readonly most: number;
  readonly count: (bytes: number) => boolean;
  readonly cut: () => void;
}

function pump(from: Socket, to: Socket, { most, count, cut }: Pumping): (chunk: Buffer) => void {
  let left = most;
  const pass = (chunk: Buffer): void => {
    const part = chunk.length > left ? chunk.subarray(0, left) : chunk;
    left -= part.length;
    if (!count(part.length)) return cut();
    if (part.length === 0 || to.write(part)) return;
    from.pause();
    to.once("drain", () => from.resume());
  };
  from.setTimeout(LIMITS.proxyIdleMs, cut);
  from.on("data", pass);
  from.on("end", () => to.end());
  return pass;
}
