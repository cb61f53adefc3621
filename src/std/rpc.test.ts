import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Json, JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { openPeer, type Peer, RPC, RpcRefusal } from "./rpc.ts";

/** What one end of JSON-RPC says to an other end that keeps to nothing. */

interface Spoken {
  readonly sent: readonly JsonObject[];
  readonly failures: readonly unknown[];
}

/** Says these lines and goes; `echo` answers with its parameters, `hang` when it is stopped. */
async function speak(given: readonly string[]): Promise<Spoken> {
  const sent: JsonObject[] = [];
  const failures: unknown[] = [];
  await openPeer({
    lines: (async function* () {
      for (const line of given) {
        yield line;
        await Promise.resolve();
      }
      // What it asked for is answered before it goes, where that takes no time.
      await new Promise((resolve) => setImmediate(resolve));
    })(),
    write: (line) => sent.push(JSON.parse(line) as JsonObject),
    failed: (error) => failures.push(error),
    grace: () => new Promise(() => undefined),
    answer: async (method, params, { signal }) => {
      if (method === "echo") return params;
      if (method === "bug") throw new Error("secret detail");
      if (method !== "hang") throw new RpcRefusal(RPC.method, "no");
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      return { stopped: true };
    },
  });
  return { sent, failures };
}

const message = (more: object): string => JSON.stringify({ jsonrpc: "2.0", ...more });
const code = ({ error }: JsonObject): Json => (error as JsonObject | undefined)?.["code"] ?? null;

describe("messages", () => {
  const cases: readonly [string, readonly string[], readonly (readonly [Json, Json])[]][] = [
    ["a request", [message({ id: 1, method: "echo" })], [[1, null]]],
    ["an id of text", [message({ id: "a", method: "echo" })], [["a", null]]],
    ["a notification", [message({ method: "echo" })], []],
    ["an empty line", ["", "  \r"], []],
    [
      "no JSON",
      ["{", "nonsense"],
      [
        [null, RPC.parse],
        [null, RPC.parse],
      ],
    ],
    ["a batch", [`[${message({ id: 1, method: "echo" })}]`], [[null, RPC.parse]]],
    ["a number", ["7"], [[null, RPC.parse]]],
    ["another version", [JSON.stringify({ id: 1, method: "echo" })], [[1, RPC.request]]],
    ["a null id", [message({ id: null, method: "echo" })], [[null, RPC.request]]],
    ["a broken id", [message({ id: { a: 1 }, method: "echo" })], [[null, RPC.request]]],
    ["half an id", [message({ id: 1.5, method: "echo" })], [[null, RPC.request]]],
    [
      "an endless id",
      [message({ id: "x".repeat(LIMITS.rpcIdChars + 1), method: "echo" })],
      [[null, RPC.request]],
    ],
    ["parameters in a row", [message({ id: 1, method: "echo", params: [1] })], [[1, RPC.params]]],
    ["no such method", [message({ id: 1, method: "\u001b[2J" })], [[1, RPC.method]]],
    ["an answer to nothing", [message({ id: "n1", result: {} }), message({ id: 9 })], []],
    [
      "an id in use",
      [message({ id: 1, method: "hang" }), message({ id: 1, method: "echo" })],
      [
        [1, RPC.request],
        [1, null],
      ],
    ],
    [
      "an id that was used",
      [message({ id: 1, method: "echo" }), "", "", "", message({ id: 1, method: "echo" })],
      [
        [1, null],
        [1, null],
      ],
    ],
  ];
  test.each(cases)("%s", async (_, lines, expected) => {
    const { sent, failures } = await speak(lines);
    expect(sent.map((one) => [one["id"] ?? null, code(one)])).toEqual(
      expected.map((one) => [...one]),
    );
    expect(failures).toEqual([]);
  });

  test("a bug is told to us, and nothing of it to the other end", async () => {
    const { sent, failures } = await speak([message({ id: 1, method: "bug" })]);
    expect(sent.map(code)).toEqual([RPC.bug]);
    expect(JSON.stringify(sent)).not.toContain("secret");
    expect(failures).toHaveLength(1);
  });

  test("more than can be done at once is refused, and all of it is answered once", async () => {
    const flood = Array.from({ length: LIMITS.rpcCalls + 40 }, (_, id) =>
      message({ id, method: "hang" }),
    );
    const { sent } = await speak(flood);
    expect(sent.filter((one) => code(one) === RPC.busy)).toHaveLength(40);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(flood.length);
  });

  test.each(["notifications/cancelled", "$/cancel_request"])(
    "%s stops a request",
    async (method) => {
      const stop = message({ method, params: { requestId: 1 } });
      const stray = message({ method, params: { requestId: [] } });
      const { sent } = await speak([message({ id: 1, method: "hang" }), stray, stop]);
      expect(sent).toMatchObject([{ id: 1, result: { stopped: true } }]);
    },
  );

  test("whatever lines come, each request with an id of its own is answered exactly once", async () => {
    const line = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({
          id: fc.oneof(fc.nat(5), fc.constant(null), fc.string(), fc.constant({})),
          method: fc.constantFrom("echo", "hang", "bug", "x"),
          params: fc.oneof(fc.constant({}), fc.constant([]), fc.constant(1)),
        })
        .map((one) => message(one)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 30 }), async (lines) => {
        const { sent } = await speak(lines.map((one) => one.replaceAll("\n", "")));
        expect(sent.length).toBeLessThanOrEqual(lines.length);
        for (const one of sent) expect("result" in one || "error" in one).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe("asking back", () => {
  async function asking(
    reply: (ask: JsonObject) => object | null,
  ): Promise<{ came: Json | null; sent: readonly JsonObject[] }> {
    const sent: JsonObject[] = [];
    const waiting: string[] = [message({ id: 1, method: "go" })];
    let wake = (): void => undefined;
    let came: Json | null = "nothing";
    const stop = new AbortController();
    const say = (line: string | null): void => {
      if (line !== null) waiting.push(line);
      wake();
    };
    let over = false;
    await openPeer({
      lines: (async function* () {
        for (;;) {
          yield* waiting.splice(0);
          if (over) return;
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (waiting.length > 0 || over) resolve();
          });
        }
      })(),
      write: (line) => {
        const one = JSON.parse(line) as JsonObject;
        sent.push(one);
        if (one["method"] === "permit") {
          const back = reply(one);
          if (back === null) stop.abort();
          else say(message(back));
        }
        over ||= one["id"] === 1;
        say(null);
      },
      failed: (error) => {
        throw error;
      },
      grace: () => Promise.resolve(),
      answer: async (_method, _params, { peer }: { peer: Peer }) => {
        came = await peer.request("permit", {}, stop.signal);
        return {};
      },
    });
    return { came, sent };
  }

  test("an answer, a refusal, and an ask that is taken back", async () => {
    const id = ({ id: given }: JsonObject): Json => given ?? null;
    const yes = await asking((ask) => ({ id: id(ask), result: "yes" }));
    expect(yes.came).toBe("yes");
    const no = await asking((ask) => ({ id: id(ask), error: { code: 1, message: "no" } }));
    expect(no.came).toBe(null);
    const back = await asking(() => null);
    expect(back.came).toBe(null);
    expect(back.sent.map(({ method }) => method)).toContain("$/cancel_request");
  });
});
