import { applyLock } from "../../sandbox/lock.ts";

/**
 * The tool host: what runs inside the sandbox. It locks itself down and only then loads anything
 * else, as a runtime that has not done much yet is still one thread, which makes the lock cheap.
 */
export async function hostMain(file: string): Promise<void> {
  const lock = applyLock();
  if (lock.tier === "wasm") {
    await (await import("./pure/host.ts")).pureHost(file, lock);
    return;
  }
  const { host } = await import("./host.ts");
  await host(file);
}
