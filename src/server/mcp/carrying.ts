import type { Key } from "../../contracts/http/key.ts";
import type { Nanos } from "../../contracts/nanos.ts";
import { clientOf } from "../../contracts/http/key.ts";
import { type McpService, mcpService } from "../../mcp/serve.ts";
import type { Clock } from "../../std/clock.ts";
import type { Carried } from "../live.ts";

/**
 * What a key is served over MCP: the same as over pipes, held to what the key is for. The server
 * carries its runs as it carries all others, so they go on when nobody is connected; a request that
 * is taken back takes its run with it.
 */
export function keyService({ nanos, clock, carried }: Served, key: Key): Promise<McpService> {
  const { agent, scopes } = key;
  return mcpService(nanos, {
    clock,
    client: clientOf(key),
    bounds: {
      ...(agent === null ? {} : { agent }),
      ...(scopes === undefined ? {} : { within: scopes }),
    },
    carried: {
      has: (run) => carried.find(key, run) !== null,
      stop: (run) => carried.find(key, run)?.cancel(),
      carry: async ({ start }) => (await carried.carry(key, start)).run,
      wait: async (run, { ms, signal, on }) => {
        const handle = carried.find(key, run);
        if (!handle) return;
        const forget = on === undefined ? () => undefined : carried.watch(run, on);
        const over = new AbortController();
        const time = clock.sleep(ms, AbortSignal.any([signal, over.signal]));
        await Promise.race([handle.done.catch(() => null), time]);
        over.abort();
        forget();
      },
      close: async () => undefined,
    },
  });
}

interface Served {
  readonly nanos: Nanos;
  readonly clock: Clock;
  readonly carried: Carried;
}
