import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { lastLine, person } from "./support/nanos.ts";

const REQUEST = "What's new in the React 19 RC, and update the dashboard notes";
const PAGE = `<html><head><title>React 19 RC</title></head><body><h1>React 19 RC</h1>
<p>Actions handle pending states, errors and optimistic updates.</p>
<p>The use API reads resources in render.</p></body></html>`;

/** A page on this machine, on a port of its own. */
async function serve(): Promise<{ host: string; hits: string[]; close: () => void }> {
  const hits: string[] = [];
  const server = createServer((request, response) => {
    hits.push(`${request.method} ${request.url}`);
    response.setHeader("content-type", "text/html");
    response.end(PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { host: `127.0.0.1:${port}`, hits, close: () => server.close() };
}

test("research is delegated, the notes are updated, the brief comes back with an offer", async () => {
  using me = person();
  const page = await serve();
  try {
    expect((await me.nanos("init", "--from", "indie-developer")).code).toBe(0);
    expect((await me.nanos("model", "use", "recorded")).code).toBe(0);
    expect((await me.nanos("grant", "add", "web-research", "--net", page.host)).code).toBe(0);
    const before = readFileSync(join(me.userHome, "notes", "dashboard.md"), "utf8");
    const result = await me.nanos("run", REQUEST);
    expect(result.err).not.toContain("error");
    expect(result.code).toBe(0);
    expect(page.hits).toEqual(["GET /"]);
    const after = readFileSync(join(me.userHome, "notes", "dashboard.md"), "utf8");
    expect(after.startsWith(before.trimEnd())).toBe(true);
    expect(after).toContain("Actions handle pending states");
    expect(result.out).toContain("Actions handle pending states");
    expect(result.out).toContain("dashboard");
    expect(result.out).toMatch(/dig deeper/iu);
    expect(`${result.out}${result.err}`).toContain("notes/dashboard.md");

    const [line] = JSON.parse((await me.nanos("trace", "list", "--json")).out) as { run: string }[];
    const shown = await me.nanos("trace", "show", line?.run ?? "");
    expect(shown.out).toContain("research");
    expect(shown.out).toContain("web_fetch");
    page.close();
    expect((await me.nanos("trace", "verify")).code).toBe(0);
    expect((await me.nanos("trace", "replay", line?.run ?? "")).code).toBe(0);
  } finally {
    page.close();
  }
}, 120_000);

test("without the grant it waits, and goes on after the approval", async () => {
  using me = person();
  await me.nanos("init", "--from", "indie-developer");
  await me.nanos("model", "use", "recorded");
  const waiting = await me.run(["run", REQUEST, "--json"]);
  expect(waiting.code).toBe(3);
  const last = lastLine(waiting);
  expect(last["kind"]).toBe("run.waiting");
  const asks = JSON.parse((await me.nanos("approvals", "list", "--json")).out) as {
    id: string;
    what: string;
  }[];
  expect(asks).toHaveLength(1);
  expect((await me.nanos("approvals", "approve", asks[0]?.id ?? "")).code).toBe(0);
  const resumed = await me.nanos("resume", String(last["run"]));
  // No page can be had on a machine without a network, and the run says so instead of inventing.
  expect([0, 5]).toContain(resumed.code ?? -1);
  expect(JSON.parse((await me.nanos("approvals", "list", "--json")).out)).toEqual([]);
  expect((await me.nanos("trace", "replay", String(last["run"]))).code).toBe(0);
}, 120_000);
