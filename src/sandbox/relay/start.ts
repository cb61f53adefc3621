import { LOCK_FAILED } from "../lock.ts";
import { runtimeArgv } from "../runtime.ts";

/**
 * Starts the relay beside the program that is about to take this process's place, and waits until
 * it listens. Before the lock, as afterwards nothing of ours may be started; the relay locks itself.
 */
export async function startRelay(): Promise<void> {
  const { NANOS_RELAY: lock = "", NANOS_BOX: _, ...env } = process.env;
  const child = Bun.spawn([...runtimeArgv("box"), "relay-apart"], {
    env: { ...env, NANOS_BOX: lock },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { value } = await child.stdout.getReader().read();
  await child.exited;
  if (new TextDecoder().decode(value) === "ready\n") return;
  process.stderr.write("nanos: the relay of the box did not start\n");
  process.exit(LOCK_FAILED);
}

/**
 * Starts the relay as nobody's child, so that a program that waits for all its children does not
 * wait for this one.
 */
export function startApart(): void {
  Bun.spawn([...runtimeArgv("box"), "relay"], {
    env: process.env,
    stdio: ["ignore", "inherit", "inherit"],
  }).unref();
}
