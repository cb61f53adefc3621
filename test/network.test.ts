import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { runtimeFile } from "../src/sandbox/runtime.ts";
import { TIERS } from "../src/sandbox/testing/tiers.ts";
import { lastLine, type Person, person } from "./support/nanos.ts";

setDefaultTimeout(120_000);

/** A program of a stranger's that goes where it was told, and then somewhere else. */
const PROGRAM = `
const [url, elsewhere] = process.argv.slice(2);
const first = await fetch(url);
console.log(first.status, (await first.text()).trim());
const second = await fetch(elsewhere);
console.log(second.status);
`;

const FLAGS = "--config=/dev/null --no-env-file --no-install --tsconfig-override=/dev/null";

async function site(): Promise<{ host: string; asked: string[]; close: () => void }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.end("hello");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { host: `127.0.0.1:${port}`, asked, close: () => server.close() };
}

async function withClient(me: Person, net: string): Promise<void> {
  await me.nanos("init", "--from", "toy");
  mkdirSync(join(me.userHome, "program"));
  const file = join(me.userHome, "program", "client.ts");
  writeFileSync(file, PROGRAM);
  mkdirSync(join(me.userHome, ".nano-os", "tools"), { recursive: true });
  writeFileSync(
    join(me.userHome, ".nano-os", "tools", "client.yaml"),
    JSON.stringify({
      name: "client",
      description: "Goes where it is told.",
      command: [runtimeFile(), ...FLAGS.split(" "), file, "{url}", "{elsewhere}"],
      input: { type: "object", properties: { url: {}, elsewhere: {} }, required: ["url"] },
      scopes: ["read:./program", net],
    }),
  );
}

interface Ask {
  readonly id: string;
  readonly keys?: readonly string[];
}

async function approveAll(me: Person): Promise<void> {
  const asks = JSON.parse((await me.nanos("approvals", "list", "--json")).out) as Ask[];
  for (const { id } of asks) await me.nanos("approvals", "approve", id);
}

const RUN = /\br[0-9a-z]{15}\b/u;

if (TIERS.includes("bwrap")) {
  test("a program's destination is asked for before it starts; another one is refused and named", async () => {
    const [here, there] = [await site(), await site()];
    using me = person();
    try {
      await withClient(me, `net:${here.host}`);
      const args = { url: `http://${here.host}/a`, elsewhere: `http://${there.host}/stolen` };

      // The second address is an argument the tool does not declare: nothing is started at all.
      const denied = await me.nanos("tool", "call", "client", JSON.stringify(args));
      expect({ code: denied.code, asked: here.asked }).toEqual({ code: 4, asked: [] });
      expect(denied.out + denied.err).toContain(`net:${there.host}`);

      // Where the program keeps the second address to itself, it finds out while it runs.
      const file = join(me.userHome, "program", "client.ts");
      writeFileSync(file, PROGRAM.replace("fetch(elsewhere)", `fetch("http://${there.host}/")`));
      const { url } = args;
      const waits = await me.nanos(
        "tool",
        "call",
        "client",
        JSON.stringify({ url, elsewhere: "" }),
      );
      expect(waits.code).toBe(3);
      expect(waits.out + waits.err).toContain(here.host);
      expect(here.asked).toEqual([]);
      const run = RUN.exec(waits.out + waits.err)?.[0] ?? "";

      await approveAll(me);
      const resumed = await me.nanos("resume", run, "--json");
      expect({ code: resumed.code, err: resumed.err }).toEqual({ code: 0, err: "" });
      expect(lastLine(resumed)).toMatchObject({
        kind: "run.ended",
        outcome: "succeeded",
        hosts: [here.host],
        text: "200 hello\n403\n",
      });
      expect({ here: here.asked, there: there.asked }).toEqual({ here: ["/a"], there: [] });

      const shown = await me.nanos("trace", "show", run);
      expect(shown.out).toContain(`refused net:${there.host}: the tool's scopes do not name it`);
      expect((await me.nanos("trace", "replay", run)).out).toContain("same");
      const why = await me.nanos("why", `${run}.1`);
      expect(why.out).toMatch(/network +proxy/u);
      expect(why.out).toMatch(/limits +.*512 MiB memory, 64 processes, 60 s CPU, 8 MiB output/u);
      expect((await me.nanos("trace", "verify")).code).toBe(0);
    } finally {
      here.close();
      there.close();
    }
  });

  test("a call of a tool that may go anywhere is held to where its arguments point", async () => {
    const [here, there] = [await site(), await site()];
    using me = person();
    try {
      await withClient(me, "net:*");
      const file = join(me.userHome, "program", "client.ts");
      writeFileSync(file, PROGRAM.replace("fetch(elsewhere)", `fetch("http://${there.host}/")`));
      const args = { url: `http://${here.host}/`, elsewhere: "" };
      const waits = await me.nanos("tool", "call", "client", JSON.stringify(args));
      expect(waits.code).toBe(3);
      const run = RUN.exec(waits.out + waits.err)?.[0] ?? "";
      await approveAll(me);
      const resumed = await me.nanos("resume", run, "--json");
      expect(lastLine(resumed)).toMatchObject({ hosts: [here.host], text: "200 hello\n403\n" });
      expect({ here: here.asked, there: there.asked }).toEqual({ here: ["/"], there: [] });
    } finally {
      here.close();
      there.close();
    }
  });
}
