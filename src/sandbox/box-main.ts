/**
 * The entry of every process in a box. Whatever comes after the lock is loaded after it, and the
 * lock itself by `require`: an import statement would start the runtime's thread pool, and threads
 * that exist already are outside a Landlock domain.
 *
 * By the name it has when compiled, which resolves to this one too: `require` is not rewritten.
 *
 * - `host MAIN FILE` locks, then hands FILE to the `hostMain` of the module MAIN.
 * - `attack NAME …` locks the same way, then tries to escape.
 * - `program-attack NAME …` tries as a program does that something else has locked already.
 * - `abi` prints the kernel's Landlock version.
 * - `relayed` starts the relay to our proxy, then goes on as nothing does; `relay-apart` and `relay`
 *   are that relay.
 * - `walls` is under a profile, and answers by its exit code whether that holds.
 * - `guard` is no box: it kills process groups when nanos is gone.
 * - nothing: locks, then executes the program the lock names in its place.
 */
export async function main(args: readonly string[]): Promise<number> {
  const lock = require("./lock.js") as typeof import("./lock.ts");
  const [what, ...rest] = args;
  if (what === "abi") {
    process.stdout.write(`${lock.askLandlockAbi()}\n`);
    return 0;
  }
  if (what === "guard") {
    await (await import("./process/guardian.ts")).guard(Bun.stdin.stream());
    return 0;
  }
  if (what === "walls") return (await (await import("./seatbelt/walls.ts")).wallsStand()) ? 0 : 1;
  if (what === "relay-apart") {
    (await import("./relay/start.ts")).startApart();
    return 0;
  }
  if (what === "relayed") await (await import("./relay/start.ts")).startRelay();
  // As a program it is executed in the place of a process that has locked itself.
  if (what !== "program-attack") lock.applyLock();
  if (what === "relay") await (await import("./relay/relay.ts")).relay();
  if (what === "attack" || what === "program-attack") {
    await (await import("./probing/attack.ts")).attack(rest[0] ?? "", rest.slice(1));
    return 0;
  }
  const host = (await import(rest[0] ?? "")) as { hostMain(file: string): Promise<void> };
  await host.hostMain(rest[1] ?? "");
  return 0;
}

// Without `await`: the command loads this by `require`, which a module that awaits does not allow.
if (import.meta.main) void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
