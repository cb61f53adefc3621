import { startChild } from "./child.ts";
import type { Child } from "./child.ts";
import { podmanEnv } from "../container/podman.ts";
import { runtimeArgv } from "../runtime.ts";

/**
 * Ends what nanos cannot when it is killed. A process dies with its parent when it asks the kernel
 * to, but its own children would live on; where no namespace takes them along, a guardian holds a
 * pipe from nanos, knows the process groups, and kills them when the pipe closes.
 */
export interface Guardian {
  /** `remove`: argv of what ends a container, whose processes are in no group of ours. */
  watch(group: number, remove?: readonly string[]): void;
  forget(group: number): void;
  close(): void;
}

/** One guardian for all processes of a sandbox, started with the first that needs it. */
export function openGuardian(): Guardian {
  const groups = new Map<number, string>();
  let child: Promise<Child> | null = null;
  const tell = (line: string): void => {
    const argv = [...runtimeArgv("box"), "guard"];
    child ??= startChild({ argv, env: podmanEnv(), descriptor3: null });
    void child
      .then((guardian) => guardian.write(line))
      .catch(() => {
        // It was killed: the next one is told of every group that lives.
        child = null;
      });
  };
  return {
    watch: (group, remove) => {
      const line = `+${group}${remove === undefined ? "" : ` ${JSON.stringify(remove)}`}\n`;
      groups.set(group, line);
      tell(child === null ? [...groups.values()].join("") : line);
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

/** The guardian itself: lines `+GROUP [ARGV]` and `-GROUP` on standard input, then its end. */
export async function guard(lines: AsyncIterable<Uint8Array>): Promise<void> {
  const groups = new Map<number, readonly string[] | null>();
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of lines) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      const [, sign, number, argv] = /^([+-])(\d+)(?: (.*))?$/u.exec(line) ?? [];
      const group = Number(number);
      if (sign !== "+" || !(group > 1)) groups.delete(group);
      else groups.set(group, argv === undefined ? null : (JSON.parse(argv) as string[]));
    }
  }
  for (const group of groups.keys()) {
    try {
      process.kill(-group, "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
  for (const argv of groups.values()) if (argv !== null) await endContainer(argv);
}

/** Twice: one that was being started while its client was killed is there a moment later. */
async function endContainer(argv: readonly string[]): Promise<void> {
  for (let time = 0; time < 2; time++) {
    await new Promise((resolve) => setTimeout(resolve, time * SETTLE_MS));
    const child = await startChild({ argv, env: podmanEnv(), descriptor3: null });
    await child.exit;
  }
}

const SETTLE_MS = 500;
