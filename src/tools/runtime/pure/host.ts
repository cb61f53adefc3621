import { writeSync } from "node:fs";
import { messageOf } from "../../../std/error.ts";
import { LIMITS } from "../../../std/limits.ts";
import { systemClock } from "../../../std/clock.ts";
import type { LockSpec } from "../../../sandbox/lock.ts";
import { seal } from "../../../sandbox/lock.ts";
import { installBwrap } from "../../../sandbox/tiers.ts";
import { lines } from "../../mcp/lines.ts";
import { sendLine } from "../send.ts";
import type { Engine } from "./engine.ts";
import { openEngine } from "./engine.ts";
import { modulesOf, readCode } from "./files.ts";
import { guestCode } from "./guest-code.ts";

/**
 * The tool host of a machine without walls. In this order: everything is read, the process is
 * sealed, and only then the tool's code is looked at. It runs in the engine and nowhere else; should
 * it break out of that, it is in a process that can name no file, no socket and no other process.
 */
export async function pureHost(file: string, lock: LockSpec): Promise<void> {
  if (lock.seal === null) throw new Error("bug: a pure host without a seal");
  const [code, files] = [await guestCode(), readCode(lock.reads)];
  const next = `${installBwrap()}, then try again.`;
  const exports = new Map<string, readonly string[]>();
  const engine = await openEngine(
    {
      send: (line) => sendLine(String(line)),
      log: (text) => void writeSync(2, `${text}\n`),
      timer: (id, ms) => void setTimeout(() => tell(engine, "fire", String(id)), Number(ms)),
      done: () => process.exit(0),
    },
    modulesOf(files, exports),
  );
  engine.run(code);
  for (const [name, names] of JSON.parse(engine.run(EXPORTS)) as [string, string[]][]) {
    exports.set(name, names);
  }
  seal(lock.seal);
  engine.run(loading(file, next));
  await pump(engine);
}

const EXPORTS =
  "JSON.stringify(Object.entries(nanosGuest.modules).map(([name, all]) => [name, Object.keys(all)]))";

function loading(file: string, next: string): string {
  const [name, advice] = [JSON.stringify(file), JSON.stringify(next)];
  return (
    `import(${name}).then((module) => nanosGuest.load(${name}, module.default))` +
    `.catch((error) => nanosGuest.fail(${name}, error, ${advice})); ""`
  );
}

async function pump(engine: Engine): Promise<void> {
  const input = lines(LIMITS.hostLineBytes);
  for await (const chunk of Bun.stdin.stream()) {
    if (input.push(chunk, (line) => tell(engine, "receive", line)) !== null) break;
  }
  // Whoever started this is done or gone. What was asked before may still be answered.
  tell(engine, "end");
  await systemClock.sleep(LIMITS.lastWordsMs / 2);
  process.exit(0);
}

/** What nobody catches in there ends the process, as in any other host. */
function tell(engine: Engine, name: string, ...args: readonly string[]): void {
  try {
    engine.call(name, ...args);
  } catch (error) {
    writeSync(2, `${messageOf(error)}\n`);
    process.exit(1);
  }
}
