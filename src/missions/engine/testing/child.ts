import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { Worker } from "./cases.ts";

/** A process a test started, by what it prints. */
export interface Child extends Worker {
  /** What follows this at the beginning of a line, once it was printed. */
  saysNext(start: string): Promise<string>;
  /** Ends it, if it has not; resolves when it is gone. */
  end(): Promise<void>;
}

export function child(process: ChildProcessWithoutNullStreams): Child {
  let text = "";
  const watching = new Set<() => void>();
  const closed = new Promise<void>((resolve) => process.on("close", () => resolve()));
  const hear = (data: unknown): void => {
    text += String(data);
    for (const look of watching) look();
  };
  process.stdout.on("data", hear);
  process.stderr.on("data", hear);
  const seen = (wanted: string, is: (line: string) => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const line = text.split("\n").slice(0, -1).find(is);
        if (line === undefined) return;
        watching.delete(look);
        resolve(line);
      };
      watching.add(look);
      look();
      void closed.then(() => reject(new Error(`it ended without "${wanted}": ${text}`)));
    });
  return {
    said: async (line) => void (await seen(line, (one) => one === line)),
    saysNext: async (start) =>
      (await seen(start, (one) => one.startsWith(start))).slice(start.length),
    signal: (name) => void process.kill(name),
    end: async () => {
      process.kill("SIGKILL");
      await closed;
    },
  };
}
