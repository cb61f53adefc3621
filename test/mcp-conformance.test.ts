import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { HOST, served, type Served } from "../src/server/testing/served.ts";
import { run } from "../scripts/machine.ts";
import { conformanceService } from "./support/mcp-fixture.ts";

setDefaultTimeout(120_000);

/**
 * The conformance suite of the Model Context Protocol, as it is published, against both ends of ours
 * and in both revisions. What fails is named in `mcp-conformance.yml`, with the reason; the suite
 * itself fails for what is named there and passes.
 */

const SUITE = process.env["NANOS_TEST_CONFORMANCE"];
const IS_SOAK = process.env["NANOS_SOAK"] === "1";
const EXPECTED = join(import.meta.dirname, "mcp-conformance.yml");
const CLIENT = join(import.meta.dirname, "support", "mcp-client.ts");
const REVISIONS = ["2025-11-25", "2026-07-28"] as const;

/** Scenarios of our client that are run each time; all of them are in the long drills. */
const SAMPLE: readonly (readonly [string, (typeof REVISIONS)[number]])[] = [
  ["sse-retry", "2025-11-25"],
  ["tools_call", "2025-11-25"],
  ["tools_call", "2026-07-28"],
  ["http-custom-headers", "2026-07-28"],
];

async function suite(...args: readonly string[]): Promise<void> {
  const file = "node_modules/@modelcontextprotocol/conformance/dist/index.js";
  const argv = [process.execPath, join(SUITE ?? "", file), ...args];
  const { code, text } = await run(argv, { ms: 110_000 });
  expect({ args, code, text: code === 0 ? "" : text.slice(-6_000) }).toEqual({
    ...{ args: [...args], code: 0, text: "" },
  });
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

const command = `${process.execPath} ${CLIENT}`;

// Where the suite is not there, the runner says so and how to get it.
if (SUITE !== undefined) {
  test.each(REVISIONS)("our server, in revision %s", async (revision) => {
    const which = ["--requirements", revision, "--expected-failures", EXPECTED];
    await suite("server", "--url", `http://localhost:${web.port}/mcp`, ...which);
  });

  for (const [scenario, revision] of IS_SOAK ? [] : SAMPLE) {
    test(`our client in ${scenario}, in revision ${revision}`, async () => {
      const which = ["--scenario", scenario, "--spec-version", revision];
      await suite("client", "--command", command, ...which);
    });
  }

  for (const revision of IS_SOAK ? REVISIONS : []) {
    test(`our client, in revision ${revision}`, async () => {
      const which = ["--requirements", revision, "--expected-failures", EXPECTED];
      await suite("client", "--command", command, ...which);
    });
  }
}
