import { expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "../std/clock.ts";
import { discoverModels, type LocalServer } from "./discover.ts";

const NOWHERE = { ollama: null, lmStudio: null, llamaCpp: null, vllm: null };

interface Local {
  readonly port: number;
  readonly asked: string[];
  close(): void;
}

async function local(status: number, body: string | null): Promise<Local> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (body !== null) response.writeHead(status).end(body);
  });
  server.listen(0, "127.0.0.1");
  await new Promise<void>((resolve) => server.once("listening", resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, asked, close };
}

/** What is found when `kind` answers so: names, or nothing. */
function check(
  name: string,
  kind: LocalServer,
  [status, body]: readonly [number, string | null],
  expected: readonly string[],
): void {
  test(name, async () => {
    const server = await local(status, body);
    try {
      const ports = { ...NOWHERE, [kind]: server.port };
      const found = await discoverModels({ env: {}, clock: systemClock, ports });
      expect(found.map((model) => model.name)).toEqual([...expected]);
    } finally {
      server.close();
    }
  });
}

const data = (...ids: unknown[]): string => JSON.stringify({ data: ids.map((id) => ({ id })) });
check("LM Studio", "lmStudio", [200, data("org/Small-7B", "text-embedding-x")], ["small-7b"]);
check("the same name twice", "vllm", [200, data("a/m", "b/m")], ["m", "m-2"]);
check("not JSON", "llamaCpp", [200, "<html>"], []);
check("another JSON", "llamaCpp", [200, '{"data":"x"}'], []);
check("ids that are none", "llamaCpp", [200, data(1, null, "a\u001b[2J", "x".repeat(300))], []);
check("an error", "llamaCpp", [500, data("m")], []);
check("a redirect", "llamaCpp", [302, data("m")], []);
check("silence", "llamaCpp", [200, null], []);
check("a flood", "llamaCpp", [200, `"${"x".repeat(2 * 1024 * 1024)}"`], []);

test("Ollama's models and keys, in one look, by GET only", async () => {
  const server = await local(200, JSON.stringify({ models: [{ name: "llama3.1:8b" }] }));
  const secret = "sk-canary";
  try {
    const found = await discoverModels({
      env: { OPENAI_API_KEY: secret, OPENROUTER_API_KEY: secret, ANTHROPIC_API_KEY: " " },
      clock: systemClock,
      ports: { ...NOWHERE, ollama: server.port },
    });
    expect(found).toEqual([
      {
        name: "llama3.1-8b",
        config: { adapter: "ollama", url: `http://127.0.0.1:${server.port}`, model: "llama3.1:8b" },
        source: `Ollama at 127.0.0.1:${server.port}`,
      },
      {
        name: "openai",
        config: { adapter: "openai", keyEnv: "OPENAI_API_KEY" },
        source: "OPENAI_API_KEY",
      },
      {
        name: "openrouter",
        config: {
          adapter: "openai-compatible",
          url: "https://openrouter.ai/api/v1",
          keyEnv: "OPENROUTER_API_KEY",
        },
        source: "OPENROUTER_API_KEY",
      },
    ]);
    expect(JSON.stringify(found)).not.toContain(secret);
    expect(server.asked).toEqual(["GET /api/tags"]);
  } finally {
    server.close();
  }
});

test("an aborted look finds no servers", async () => {
  const server = await local(200, data("m"));
  try {
    const ports = { ...NOWHERE, vllm: server.port };
    const signal = AbortSignal.abort();
    expect(await discoverModels({ env: {}, clock: systemClock, ports, signal })).toEqual([]);
  } finally {
    server.close();
  }
});
