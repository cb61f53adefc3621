import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { Worker } from "./cases.ts";

/** A process a test started, by what it prints. */
export interface Child extends Worker {
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
  return {
    said: (line) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!text.split("\n").includes(line)) return;
          watching.delete(look);
          resolve();
        };
        watching.add(look);
        look();
        void closed.then(() => reject(new Error(`it ended without "${line}": ${text}`)));
      }),
    signal: (name) => void process.kill(name),
    end: async () => {
      process.kill("SIGKILL");
      await closed;
    },
  };
}
