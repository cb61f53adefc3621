import { startChild } from "./child.ts";
import type { Child } from "./child.ts";
import { runtimeArgv } from "../runtime.ts";

/**
 * Ends what nanos cannot when it is killed. A process dies with its parent when it asks the kernel
 * to, but its own children would live on; where no namespace takes them along, a guardian holds a
 * pipe from nanos, knows the process groups, and kills them when the pipe closes.
 */
export interface Guardian {
  watch(group: number): void;
  forget(group: number): void;
  close(): void;
}

/** One guardian for all processes of a sandbox, started with the first that needs it. */
export function openGuardian(): Guardian {
  const groups = new Set<number>();
  let child: Promise<Child> | null = null;
  const tell = (line: string): void => {
    child ??= startChild({ argv: [...runtimeArgv("box"), "guard"], env: {}, descriptor3: null });
    void child
      .then((guardian) => guardian.write(line))
      .catch(() => {
        // It was killed: the next one is told of every group that lives.
        child = null;
      });
  };
  return {
    watch: (group) => {
      groups.add(group);
      if (child === null) tell([...groups].map((each) => `+${each}\n`).join(""));
      else tell(`+${group}\n`);
    },
    forget: (group) => {
      if (groups.delete(group)) tell(`-${group}\n`);
    },
    close: () => {
      void child?.then((guardian) => guardian.endInput()).catch(() => undefined);
      child = null;
      groups.clear();
    },
  };
}

/** The guardian itself: lines `+GROUP` and `-GROUP` on standard input, then its end. */
export async function guard(lines: AsyncIterable<Uint8Array>): Promise<void> {
  const groups = new Set<number>();
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of lines) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      const group = Number(line.slice(1));
      if (line.startsWith("+") && group > 1) groups.add(group);
      else groups.delete(group);
    }
  }
  for (const group of groups) {
    try {
      process.kill(-group, "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
}
