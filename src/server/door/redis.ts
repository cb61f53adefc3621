import type { Clock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";

/** A Redis, spoken to by the runtime's own client. */
export interface Redis {
  /** Rejects where it does not answer in time, or with an error. */
  send(command: string, args: string[]): Promise<unknown>;
  close(): void;
}

/** Nobody is contacted before the first command; after a loss it is tried again by itself. */
export function connectRedis(url: string, clock: Clock): Redis {
  const client = new Bun.RedisClient(url, {
    connectionTimeout: LIMITS.httpRatesMs,
    autoReconnect: true,
    // What could not be asked now is refused now, and not asked later.
    enableOfflineQueue: false,
  });
  let connecting: Promise<void> | null = null;
  const connected = async (): Promise<void> => {
    if (client.connected) return;
    connecting ??= client.connect().finally(() => {
      connecting = null;
    });
    await connecting;
  };
  return {
    send: async (command, args) => {
      const late = new AbortController();
      const slow = clock.sleep(LIMITS.httpRatesMs, late.signal).then(() => {
        throw new Error("it did not answer in time");
      });
      const asked = connected().then(() => client.send(command, args));
      // Whichever comes second has nobody left to hear it.
      slow.catch(() => undefined);
      asked.catch(() => undefined);
      try {
        return await Promise.race([asked, slow]);
      } finally {
        late.abort();
      }
    },
    close: () => client.close(),
  };
}
