import { expect, setDefaultTimeout, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { toolFile } from "../testing/lab.ts";

setDefaultTimeout(60_000);

const HOST = fileURLToPath(new URL("../testing/unlocked-host.ts", import.meta.url));
const FLAGS = ["--config=/dev/null", "--no-env-file", "--no-install", HOST];

const SUM = `import { tool, z } from "nanos/tool";
export default tool({
  name: "sum",
  description: "Adds.",
  input: z.object({ a: z.number(), b: z.number() }),
  output: z.object({ sum: z.number() }),
  run: ({ a, b }, ctx) => { console.log("printed"); return { sum: a + b }; },
});`;

async function withFile<T>(source: string, work: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "nanos-host-test-"));
  try {
    writeFileSync(join(folder, "t.ts"), source);
    return await work(join(folder, "t.ts"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const mode of ["legacy", "auto", { pin: "2026-07-28" }] as const) {
  test(`the official client can use the host (${JSON.stringify(mode)})`, () =>
    withFile(SUM, async (file) => {
      const client = new Client({ name: "c", version: "1" }, { versionNegotiation: { mode } });
      const args = [...FLAGS, file];
      await client.connect(
        new StdioClientTransport({ command: process.execPath, args, stderr: "ignore" }),
      );
      expect(client.getProtocolEra()).toBe(mode === "legacy" ? "legacy" : "modern");
      const { tools } = await client.listTools();
      expect(tools).toMatchObject([
        { name: "sum", description: "Adds.", inputSchema: { type: "object" } },
      ]);
      const done = await client.callTool({ name: "sum", arguments: { a: 1, b: 2 } });
      expect(done).toMatchObject({
        structuredContent: { sum: 3 },
        content: [{ type: "text", text: '{"sum":3}' }],
      });
      const wrong = await client.callTool({ name: "sum", arguments: { a: "1", b: 2 } });
      expect(wrong).toMatchObject({ isError: true });
      const other = await client.callTool({ name: "other", arguments: {} });
      expect(other).toMatchObject({
        isError: true,
        content: [{ text: "This host serves sum only." }],
      });
      await client.close();
    }));
}

/** Sends lines to a host and gives what it answered before it ended. */
function talk(
  file: string,
  lines: readonly string[],
): Promise<{ said: unknown[]; code: number | null }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [...FLAGS, file], {
      env: {},
      stdio: ["pipe", "pipe", "ignore"],
    });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.on("close", (code) => {
      const said = out
        .split("\n")
        .filter((line) => line !== "")
        .map((line): unknown => JSON.parse(line));
      done({ said, code });
    });
    child.stdin.end(lines.map((line) => `${line}\n`).join(""));
  });
}

const call = (id: number, args: unknown): string =>
  JSON.stringify({
    jsonrpc: "2.0",
    id,
    method: "tools/call",
    params: { name: "sum", arguments: args },
  });

test("the host answers what was asked before its input ended, then ends", () =>
  withFile(SUM, async (file) => {
    const { said, code } = await talk(file, [call(1, { a: 1, b: 1 }), call(2, { a: 2, b: 2 })]);
    expect(said).toMatchObject([{ id: 1 }, { id: 2 }]);
    expect(code).toBe(0);
  }));

test("the host survives lines that are no messages", () =>
  withFile(SUM, async (file) => {
    const odd = [
      "{",
      "[]",
      "7",
      '{"id":5}',
      '{"method":"nothing"}',
      '{"id":6,"method":"nothing"}',
      '{"id":7,"method":"ping"}',
    ];
    const { said } = await talk(file, [...odd, call(8, { a: 1, b: 1 })]);
    const codes = (said as { id: unknown; error?: { code: number } }[]).map(({ id, error }) => [
      id,
      error?.code ?? 0,
    ]);
    expect(codes).toEqual([
      [null, -32700],
      [null, -32700],
      [null, -32700],
      [6, -32601],
      [7, 0],
      [8, 0],
    ]);
  }));

test("a cancelled call is not answered; one with an id in use is refused", () =>
  withFile(
    toolFile(
      "sum",
      "await new Promise((done) => setTimeout(done, 100)); return ctx.signal.aborted;",
    ),
    async (file) => {
      const cancel = JSON.stringify({
        jsonrpc: "2.0",
        method: "notifications/cancelled",
        params: { requestId: 1 },
      });
      const { said } = await talk(file, [call(1, {}), call(1, {}), cancel, call(2, {})]);
      expect(said).toMatchObject([
        { id: 1, error: { code: -32600 } },
        { id: 2, result: { content: [{ text: "false" }] } },
      ]);
    },
  ));

test("refinements that wait are waited for", () =>
  withFile(
    SUM.replace(
      "z.object({ a: z.number(), b: z.number() })",
      "z.object({ a: z.number(), b: z.number().refine(async (n) => n > 0) })",
    ),
    async (file) => {
      const { said } = await talk(file, [call(1, { a: 1, b: 1 }), call(2, { a: 1, b: 0 })]);
      // Answers come as they are ready, whatever the order of the questions.
      expect((said as { id: number }[]).toSorted((a, b) => a.id - b.id)).toMatchObject([
        { id: 1, result: { structuredContent: { sum: 2 } } },
        { id: 2, result: { isError: true } },
      ]);
    },
  ));
