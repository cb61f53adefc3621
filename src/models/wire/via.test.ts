import { expect, test } from "bun:test";
import { createServer, request as httpRequest, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import type { ModelConfig, ModelEnd, ModelRequest } from "../../contracts/model.ts";
import { systemClock } from "../../std/clock.ts";
import { countingRandom } from "../../std/random.ts";
import { openModel } from "../open.ts";
import { serveResponses } from "../testing/fixture-server.ts";

const REQUEST: ModelRequest = {
  system: "",
  messages: [{ role: "user", parts: [{ type: "text", text: "Hi" }] }],
  tools: [],
  agent: "oracle",
};

const DEPS = {
  env: {},
  clock: systemClock,
  random: countingRandom(),
  arrangementDir: null,
  routes: [],
};

/** A forward proxy that sends every host to one port of this machine, and remembers who was asked for. */
async function proxyTo(port: number): Promise<{ url: string; asked: string[]; server: Server }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(String(request.url));
    const { pathname } = new URL(String(request.url));
    const onward = httpRequest(
      { host: "127.0.0.1", port, path: pathname, method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(onward);
  });
  server.on("connect", (request, socket) => {
    asked.push(`CONNECT ${String(request.url)}`);
    const onward = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
  });
  server.listen(0, "127.0.0.1");
  await new Promise<void>((resolve) => server.once("listening", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server };
}

async function ask(config: Partial<ModelConfig>): Promise<ModelEnd> {
  const full = { adapter: "openai-compatible", model: "m", ...config } as ModelConfig;
  const model = await openModel("cloud", full, DEPS);
  let end: ModelEnd | null = null;
  for await (const event of model.stream(REQUEST, new AbortController().signal)) {
    if (event.type === "end") end = event;
  }
  if (!end) throw new Error("no end");
  return end;
}

const ANSWER = {
  status: 200,
  headers: { "content-type": "text/event-stream" },
  body: Buffer.from(
    'data: {"choices":[{"delta":{"content":"hello"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
  ),
  end: "close",
} as const;

/** Why it was refused. */
async function reason(refused: Promise<unknown>): Promise<string> {
  return refused.then(String, String);
}

// The name cannot be resolved anywhere, so an answer proves that only the proxy was dialled.
const NOWHERE = "http://provider.invalid:8000/v1";
const onBun = "bun" in process.versions;

test("every call goes through the proxy, and no other host is dialled", async () => {
  const provider = await serveResponses([ANSWER]);
  const proxy = await proxyTo(Number(new URL(provider.url).port));
  try {
    const asking = ask({ url: NOWHERE, via: proxy.url });
    if (!onBun) {
      // Node's own fetch would go there directly, so it is refused before anything is sent.
      expect(await reason(asking)).toContain("`via` needs the runtime");
      expect(proxy.asked).toEqual([]);
      return;
    }
    const end = await asking;
    expect(end.failure).toBeUndefined();
    expect(end.message.parts).toEqual([{ type: "text", text: "hello" }]);
    expect(proxy.asked).toHaveLength(1);
    expect(proxy.asked[0]).toContain("provider.invalid:8000");
  } finally {
    proxy.server.close();
    await provider.close();
  }
});

test("a proxy that is down is named, and the provider is not dialled instead", async () => {
  if (!onBun) return;
  const provider = await serveResponses([ANSWER]);
  try {
    const end = await ask({ url: `${provider.url}/v1`, via: "http://127.0.0.1:9" });
    expect(end.failure?.code).toBe("model.unreachable");
    expect(end.failure?.message).toContain("through http://127.0.0.1:9");
    expect(provider.requests).toEqual([]);
  } finally {
    await provider.close();
  }
});

test("a proxy whose address is none is refused at once", async () => {
  expect(await reason(ask({ url: NOWHERE, via: "socks5://127.0.0.1:1" }))).toContain("`via`");
  expect(await reason(ask({ url: NOWHERE, via: "http://me:pw@127.0.0.1:1" }))).toContain("`via`");
});
