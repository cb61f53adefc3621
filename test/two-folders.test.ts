import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { init, type Nanos, openNanos, trust, trustView } from "../src/nanos.ts";
import { codeOf } from "../src/std/error.ts";

setDefaultTimeout(60_000);

/** One home, two folders: what begins in one is carried with its tools and rules, and no other's. */

const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "nanos-two-")));
const opened: Nanos[] = [];
afterAll(async () => {
  for (const nanos of opened) await nanos.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const TOOL = (says: string): string => `import { tool, z } from "nanos/tool";
export default tool({
  name: "who",
  description: "Says whose it is.",
  input: z.object({}),
  scopes: [],
  run: () => "${says}",
});
`;

const PLAN = (rank: string): string => `name: ask
description: Asks whose tool it is.
agent: asker
rank: ${rank}
tasks:
  - { id: who, tool: who, args: {} }
`;

const AGENT = "---\nname: asker\ndescription: Asks.\nskills: [who]\n---\nAsk.\n";

async function project(name: string): Promise<Nanos> {
  const dir = join(folder, name);
  fs.mkdirSync(dir);
  const options = { home: join(folder, "home"), cwd: dir, env: {} };
  await init(options, "toy", dir);
  for (const [path, text] of [
    ["tools/who.ts", TOOL(name)],
    ["agents/asker.md", AGENT],
    ["plans/ask.yaml", PLAN("A")],
    ["plans/now.yaml", PLAN("E").replace("name: ask", "name: now")],
  ] as const) {
    fs.mkdirSync(dirname(join(dir, ".nano-os", path)), { recursive: true });
    fs.writeFileSync(join(dir, ".nano-os", path), text);
  }
  await trust(options, await trustView(options, dir));
  const nanos = await openNanos(options);
  opened.push(nanos);
  return nanos;
}

async function textOf(nanos: Nanos, run: string): Promise<string | undefined> {
  const state = await (await nanos.missions.run(run)).done;
  return state.state === "ended" ? state.ended.text : undefined;
}

/** Carries missions; `until` resolves once it said this of that run. */
function working(nanos: Nanos): {
  readonly told: string[];
  until(run: string, came: string): Promise<void>;
  stop(): Promise<void>;
} {
  const stop = new AbortController();
  const told: string[] = [];
  let wake = (): void => undefined;
  const over = nanos.engines.work(stop.signal, (run, came) => {
    told.push(`${run} ${came}`);
    wake();
  });
  return {
    told,
    until: async (run, came) => {
      while (!told.includes(`${run} ${came}`)) await new Promise<void>((done) => (wake = done));
    },
    stop: async () => {
      stop.abort();
      await over;
    },
  };
}

/** Begun there, and waiting for the operator's yes. */
async function waiting(nanos: Nanos): Promise<string> {
  const { run, done } = await nanos.missions.begin({ plan: "ask" });
  expect((await done).state).toBe("waiting");
  return run;
}

test("a mission is carried in the folder it began in, and elsewhere it waits and says where", async () => {
  const [mine, other] = [await project("mine"), await project("other")];
  const run = await waiting(mine);
  const there = working(other);
  await there.until(run, "elsewhere");
  await mine.missions.approve(run, { verdict: "allow", reach: "once" });
  // Whoever works there looked again since: it carries what is its own.
  const own = await waiting(other);
  await other.missions.approve(own, { verdict: "allow", reach: "once" });
  await there.until(own, "succeeded");
  expect(there.told.filter((one) => one.startsWith(run))).toEqual([`${run} elsewhere`]);
  const { missions } = await other.engines.list();
  expect(missions).toMatchObject([
    { run, standing: { state: "waiting" }, elsewhere: join(folder, "mine") },
  ]);
  for (const go of [() => other.missions.run(run), () => other.resume(run)]) {
    expect(await go().catch(codeOf)).toBe("run.elsewhere");
  }
  // Asked for from elsewhere, it is ended by whoever may carry it.
  const stopped = await waiting(mine);
  expect(await other.cancel(stopped).catch(codeOf)).toBe("run.elsewhere");
  const here = working(mine);
  await here.until(run, "succeeded");
  await here.until(stopped, "cancelled");
  expect([await textOf(mine, run), await textOf(other, own)]).toEqual(["mine", "other"]);
  await Promise.all([there.stop(), here.stop()]);
});
