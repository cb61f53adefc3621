import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { HOST, served, type Served } from "../src/server/testing/served.ts";
import { inTempFolder, type Ran, run } from "../scripts/machine.ts";
import { conformanceService } from "./support/mcp-fixture.ts";

setDefaultTimeout(120_000);

/**
 * The conformance suite of the Model Context Protocol, as it is published, against both ends of ours,
 * whole. What fails is named in `mcp-conformance.yml`, with the reason, also
 * where the suite runs and does not count it; what is named there and passes fails the test.
 */

const SUITE = process.env["NANOS_TEST_CONFORMANCE"];
const EXPECTED = join(import.meta.dirname, "mcp-conformance.yml");
const CLIENT = join(import.meta.dirname, "support", "mcp-client.ts");
const REVISIONS = ["2025-11-25", "2026-07-28"] as const;

type Leg = "server" | "client";

async function suite(leg: Leg, args: readonly string[], expected: string): Promise<Ran> {
  const file = "node_modules/@modelcontextprotocol/conformance/dist/index.js";
  const of = ["--expected-failures", expected, "--timeout", "100000", ...args];
  return run([process.execPath, join(SUITE ?? "", file), leg, ...of], { ms: 110_000 });
}

/** Scenarios that are run and do not pass, by the summary the suite ends with, warnings included. */
function failingIn(text: string): readonly string[] {
  const found = text.matchAll(/^(?:✗ ([\w/-]+): \d+ passed|  ~ ([\w/-]+))/gmu);
  return [...found].map(([, failed, expected]) => failed ?? expected ?? "");
}

/** What the file names for one end, an entry for one check of a scenario as that scenario. */
function named(part: keyof typeof explained): readonly string[] {
  return [...new Set((explained[part] ?? []).map((entry) => entry.split(":")[0] ?? ""))];
}

const explained = parse(readFileSync(EXPECTED, "utf8")) as Partial<
  Record<Leg | "server-uncounted" | "client-uncounted", readonly string[]>
>;

/** That what fails in some revision is what the file names; the client costs much, so one does in short. */
async function whole(leg: Leg, ...args: readonly string[]): Promise<void> {
  const failing = new Set<string>();
  const isShort = leg === "client" && process.env["NANOS_SOAK"] !== "1";
  for (const revision of isShort ? REVISIONS.slice(1) : REVISIONS) {
    const ran = await suite(leg, ["--requirements", revision, ...args], EXPECTED);
    const text = ran.code === 0 ? "" : ran.text.slice(-6_000);
    expect({ revision, code: ran.code, text }).toEqual({ revision, code: 0, text: "" });
    for (const name of failingIn(ran.text)) failing.add(name);
  }
  const all = [...named(leg), ...named(`${leg}-uncounted`)];
  if (isShort) expect(all).toEqual(expect.arrayContaining([...failing]));
  else expect([...failing].toSorted()).toEqual(all.toSorted());
}

let home: Served;
let web: ReturnType<typeof Bun.serve>;

/** The suite shows no key, so one is added on the way; nothing else of a request is another. */
beforeAll(async () => {
  home = await served({ speak: async () => conformanceService() });
  const key = await home.key({ agent: null, rate: 100_000 });
  web = Bun.serve({
    ...{ port: 0, hostname: "localhost", idleTimeout: 60 },
    fetch: (request) => {
      const headers = new Headers(request.headers);
      headers.set("authorization", `Bearer ${key}`);
      for (const name of ["host", "origin"]) {
        const value = headers.get(name);
        if (value !== null) headers.set(name, value.replace(`localhost:${web.port}`, HOST));
      }
      const { method, body, signal } = request;
      const sent = { method, headers, body, signal, duplex: "half" } as RequestInit;
      return home.app.fetch(new Request(`http://${HOST}/mcp`, sent));
    },
  });
});
afterAll(async () => {
  await web.stop(true);
  await home.close();
});

// Where the suite is not there, the runner says so and how to get it.
if (SUITE !== undefined) {
  const url = (): string => `http://localhost:${web.port}/mcp`;

  test("our server, in both revisions", () => whole("server", "--url", url()));

  test("our client, in the newest revision, and at length in both", () =>
    whole("client", "--command", `${process.execPath} ${CLIENT}`));

  test("what is named and passes is noticed", async () => {
    await inTempFolder("conformance", async (folder) => {
      const file = join(folder, "expected.yml");
      writeFileSync(file, "server:\n  - ping\n");
      const { code, text } = await suite("server", ["--url", url(), "--scenario", "ping"], file);
      expect([code, /stale/iu.test(text)]).toEqual([1, true]);
    });
  });
}

test("each entry stands under the reason for it", () => {
  const lines = readFileSync(EXPECTED, "utf8").split("\n");
  const bare = lines.filter((line, i) => {
    const before = lines[i - 1] ?? "";
    return line.startsWith("  - ") && !before.startsWith("  - ") && !before.startsWith("  # ");
  });
  expect(bare).toEqual([]);
});
