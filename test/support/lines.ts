import { Client } from "@modelcontextprotocol/client";

/** Both ends of a connection that carries lines, in one process. */
export interface Wire {
  /** What is sent to the server, until `close`. */
  readonly lines: AsyncIterable<string>;
  send(line: string): void;
  close(): void;
  /** What the server wrote, as it comes. */
  readonly write: (line: string) => void;
  onLine: (line: string) => void;
}

export function wire(): Wire {
  const waiting: string[] = [];
  let isOver = false;
  let wake = (): void => undefined;
  const made: Wire = {
    onLine: () => undefined,
    write: (line) => made.onLine(line),
    send: (line) => {
      waiting.push(line);
      wake();
    },
    close: () => {
      isOver = true;
      wake();
    },
    lines: {
      async *[Symbol.asyncIterator]() {
        for (;;) {
          yield* waiting.splice(0);
          if (isOver) return;
          if (waiting.length > 0) continue;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      },
    },
  };
  return made;
}

/** The official client of MCP on such a connection, once it has greeted. */
export async function clientOn(
  wire: Wire,
  mode: "legacy" | "auto" = "auto",
  client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } }),
): Promise<Client> {
  let onmessage: ((message: never) => void) | undefined;
  await client.connect({
    start: async () => {
      wire.onLine = (line) => onmessage?.(JSON.parse(line) as never);
    },
    send: async (message) => wire.send(JSON.stringify(message)),
    close: async () => undefined,
    set onmessage(listener: (message: never) => void) {
      onmessage = listener;
    },
  } as Parameters<Client["connect"]>[0]);
  return client;
}
