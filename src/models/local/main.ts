import { applyLock } from "../../sandbox/lock.ts";

/**
 * The model host: what runs inside the sandbox. It locks itself down before anything of the engine
 * is loaded, which is a stranger's machine code. `file` is the engine's entry.
 */
export async function hostMain(file: string): Promise<void> {
  applyLock();
  const { host } = await import("./host/host.ts");
  await host(file);
}
