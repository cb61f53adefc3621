import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Recorded } from "../src/contracts/drive.ts";
import type { RunHooks } from "../src/contracts/nanos.ts";
import { startMockProvider } from "../src/models/testing/mock-provider.ts";
import { openNanos } from "../src/nanos.ts";
import { isObject, type Json } from "../src/std/json.ts";
import { useScript } from "./support/hand.ts";
import { isRoot, withoutNetwork } from "./support/machines.ts";
import { lastLine, type Person, person } from "./support/nanos.ts";

const REQUEST = "What's new in the React 19 RC, and update the dashboard notes";

/** A run in this process, as the session has it, and all it lived through. */
async function inLibrary(me: Person, hooks: RunHooks): Promise<readonly Recorded[]> {
  const home = join(me.userHome, ".nano-os");
  const nanos = await openNanos({ home, cwd: me.userHome, env: {} });
  try {
    const seen: Recorded[] = [];
    const on: RunHooks["on"] = (live) => live.type === "event" && seen.push(live.recorded);
    const handle = await nanos.run({ text: REQUEST, on, ...hooks });
    await handle.done;
    return seen;
  } finally {
    await nanos.close();
  }
}

/**
 * What happened, without what must differ between two runs: names that hold a run's id, times,
 * hashes, and that somebody is there to be asked.
 */
function story(
  events: readonly { readonly kind: string; readonly body: Json }[],
): readonly string[] {
  const run = JSON.stringify(events).match(/"(r[0-9a-z]{15})[._"]/u)?.[1] ?? "";
  return events.map(({ kind, body }) =>
    `${kind} ${JSON.stringify(sameIn(body))}`
      .replaceAll(run, "RUN")
      .replace(/\ba[0-9a-f]{8}\b/gu, "ASK"),
  );
}

const DIFFER = new Set(["ms", "attended", "expires", "inputs", "hash"]);

function sameIn(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(sameIn);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([name]) => !DIFFER.has(name));
  return Object.fromEntries(kept.map(([name, item]) => [name, sameIn(item as Json)]));
}

function upToTheAsk(recorded: readonly Recorded[]): readonly { kind: string; body: Json }[] {
  const end = recorded.findIndex(({ event }) => event.kind === "approval.asked");
  expect(end).toBeGreaterThan(0);
  return recorded
    .slice(0, end + 1)
    .map(({ event, body }) => ({ kind: event.kind, body: body as unknown as Json }));
}

test("with somebody to ask and with nobody, a run is the same up to the ask", async () => {
  using me = person();
  await me.nanos("init", "--from", "indie-developer");
  await me.nanos("model", "use", "recorded");
  let asks = 0;
  const attended = await inLibrary(me, {
    ask: async () => {
      asks += 1;
      return { verdict: "deny", reach: "once" };
    },
  });
  expect(asks).toBe(1);
  const alone = await inLibrary(me, {});
  const headless = await me.run(["run", REQUEST, "--json"]);
  expect(headless.code).toBe(3);
  const lines = headless.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { seq: number; kind: string });
  const stories = [attended, alone].map((events) => story(upToTheAsk(events)));
  expect(stories[0]).toEqual(stories[1] ?? []);
  expect(stories[0]?.length).toBeGreaterThan(8);
  // What the command line streams are the same events; it shows them in its own way.
  const kinds = upToTheAsk(alone).map(({ kind }) => kind);
  expect(lines.slice(0, kinds.length).map(({ kind }) => kind)).toEqual(kinds);
  expect(lastLine(headless)).toMatchObject({ kind: "run.waiting" });
}, 60_000);

/** A TCP or UDP socket: where it is, where it leads to, and whether it listens. */
interface Socket {
  readonly remote: string;
  readonly listens: boolean;
}

/** The internet sockets a process and its children hold now. */
function socketsOf(pid: number): readonly Socket[] {
  const table = ["tcp", "tcp6", "udp", "udp6"].flatMap((name) =>
    linesOf(`/proc/${pid}/net/${name}`)
      .slice(1)
      .map((line) => line.trim().split(/\s+/u)),
  );
  const inodes = new Set([pid, ...childrenOf(pid)].flatMap(inodesOf));
  return table
    .filter((fields) => inodes.has(fields[9] ?? ""))
    .map((fields) => ({ remote: address(fields[2] ?? ""), listens: fields[3] === "0A" }));
}

function inodesOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/u.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function childrenOf(pid: number): readonly number[] {
  const own = linesOf(`/proc/${pid}/task/${pid}/children`).join(" ").split(/\s+/u);
  const children = own.filter((child) => child !== "").map(Number);
  return [...children, ...children.flatMap(childrenOf)];
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").trim().split("\n");
  } catch {
    return [];
  }
}

/** `0100007F:1F90` is 127.0.0.1:8080. */
function address(hex: string): string {
  const [host = "", port = ""] = hex.split(":");
  const bytes = host.match(/../gu)?.map((byte) => Number.parseInt(byte, 16)) ?? [];
  return `${bytes.toReversed().join(".")}:${Number.parseInt(port, 16)}`;
}

describe("nothing listens, and nothing is reached but what was chosen", () => {
  /** Every socket seen while a command runs. */
  async function watch(
    me: Person,
    args: readonly string[],
  ): Promise<{ sockets: Socket[]; looks: number; code: number | null }> {
    const running = me.begin(args);
    const sockets: Socket[] = [];
    let looks = 0;
    let over = false;
    const ended = running.ended.finally(() => (over = true));
    while (!over) {
      sockets.push(...socketsOf(running.pid));
      looks += 1;
      await Bun.sleep(5);
    }
    return { sockets, looks, code: (await ended).code };
  }

  test("with the built-in rules there is no socket at all", async () => {
    using me = person();
    await me.nanos("init", "--from", "indie-developer");
    const { sockets, looks, code } = await watch(me, ["run", "tidy today's notes"]);
    expect({ sockets, code }).toEqual({ sockets: [], code: 0 });
    expect(looks).toBeGreaterThan(5);
  }, 60_000);

  test("a run that hangs in a script has none, for as long as it hangs", async () => {
    using me = person();
    await me.nanos("init", "--from", "indie-developer");
    await useScript(me, [{ say: "One two three.", chunk: 4, delayMs: 300 }]);
    const { sockets, code } = await watch(me, ["run", "hang"]);
    expect({ sockets, code }).toEqual({ sockets: [], code: 0 });
  }, 60_000);

  test("with a model there are connections to it and nowhere else", async () => {
    const provider = await startMockProvider({
      answer: () => ({ say: "One two three four five.", chunk: 4, delayMs: 60 }),
    });
    using me = person();
    try {
      await me.nanos("init", "--from", "indie-developer");
      const add = ["--adapter", "openai-compatible", "--url", `${provider.url}/v1`, "--model", "m"];
      await me.nanos("model", "add", "mock", ...add);
      await me.nanos("model", "use", "mock");
      const before = provider.count();
      const { sockets, code } = await watch(me, ["run", "hello"]);
      expect(code).toBe(0);
      expect(provider.count() - before).toBe(1);
      expect(sockets.filter(({ listens }) => listens)).toEqual([]);
      expect([...new Set(sockets.map(({ remote }) => remote))]).toEqual([
        `127.0.0.1:${provider.port}`,
      ]);
      // Looking around asks nobody.
      for (const args of [
        ["trace", "list"],
        ["doctor"],
        ["model", "list"],
        ["show"],
        ["tool", "list"],
      ]) {
        expect({ args, ...(await watch(me, args)) }).toMatchObject({ args, sockets: [], code: 0 });
      }
      expect(provider.count() - before).toBe(1);
    } finally {
      await provider.close();
    }
  }, 60_000);

  test("without any network everything that needs none works, and what needs one says so", async () => {
    const under = isRoot() ? withoutNetwork() : null;
    if (under === null) {
      console.log("not available: a machine without a network (run as root, with unshare)");
      return;
    }
    using me = person();
    const tidied = await me.run(["run", "tidy today's notes", "--yes"], { under });
    expect({ code: tidied.code, err: tidied.err }).toMatchObject({ code: 0 });
    expect((await me.run(["trace", "verify"], { under })).code).toBe(0);
    await me.nanos("model", "use", "recorded");
    await me.nanos("grant", "add", "web-research", "--net", "127.0.0.1:9");
    const needs = await me.run(["run", REQUEST], { under });
    expect([0, 5]).toContain(needs.code ?? -1);
    expect(needs.out).toContain("could not find out what is new");
  }, 60_000);
});
