// Another process, or another user, at work on one home. Usage: child.ts HOME WORD [COUNT NAME]
import { fakeClock, systemClock } from "../../std/clock.ts";
import { openHome } from "../home.ts";
import { withLock } from "../store.ts";

const [home = "", word = "", count = "0", name = ""] = process.argv.slice(2);

async function act(): Promise<string> {
  if (word === "hold") {
    // Dies with the lock in its hand.
    await withLock(home, systemClock, async () => process.kill(process.pid, "SIGKILL"));
  }
  const opened = openHome({ home, cwd: home, env: {}, clock: systemClock });
  for (let i = 0; i < Number(count); i++) {
    if (word === "grants") {
      await opened.grants.add({
        skill: `${name}${i}`,
        scopes: ["net:example.org:443"],
        hash: null,
      });
    }
    if (word === "config") {
      await opened.config.change((config) => ({
        ...config,
        models: { ...config.models, [`${name}${i}`]: { adapter: "rules" } },
      }));
    }
  }
  if (word === "load") return (await opened.arrangement()).hash;
  if (word === "key") return opened.operator.sign(String(fakeClock(1).now()));
  return "done";
}

try {
  process.stdout.write(await act());
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  process.stdout.write(`${code ?? "none"}: ${message}`);
}
