import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { TIERS } from "../../sandbox/testing/tiers.ts";
import { openLab } from "../testing/lab.ts";
import { attempt, checkSeen, LAN, type NetworkLab, openNetwork } from "../testing/network-lab.ts";
import { BUN, FLAGS } from "../testing/servers.ts";

setDefaultTimeout(60_000);

let network: NetworkLab;
beforeAll(async () => {
  network = await openNetwork();
});
afterAll(() => network.close());

const connectTo = (target: string): string =>
  `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`;
const REFUSED = /^HTTP\/1\.1 403 /u;

if (TIERS.includes("bwrap")) {
  describe("a program with net: scopes", () => {
    test("reaches what its call declares, by plain requests and TLS, and no more", async () => {
      const [p, s] = [`127.0.0.1:${network.plain.port}`, `127.0.0.1:${network.secure.port}`];
      await checkSeen(
        network,
        {
          net: [p, s],
          steps: [
            ["fetch", `http://${p}/a?b`],
            ["fetch", `http://${p}/send`, { method: "POST", body: "x".repeat(100_000) }],
            ["fetch", `https://${s}/a`],
            ["fetch", `http://127.0.0.1:${network.other.port}/`],
          ],
        },
        {
          saw: [
            "200 plain",
            "200 plain",
            "200 secure",
            /^403 nanos: 127\.0\.0\.1:\d+ was refused/u,
          ],
          hosts: [p, s],
          refused: [`undeclared net:127.0.0.1:${network.other.port}`],
        },
      );
      expect(network.plain.asked.splice(0)).toEqual([`GET ${p}/a?b`, `POST ${p}/send`]);
      expect(network.other.asked).toEqual([]);
    });

    test("finds the one way out in its environment, whatever the operator's own says", async () => {
      await checkSeen(
        network,
        { net: ["example.org:80"], steps: [["env"]] },
        {
          saw: [
            '["ALL_PROXY","HTTPS_PROXY","HTTP_PROXY","NODE_USE_ENV_PROXY","NO_PROXY","all_proxy","http_proxy","https_proxy","no_proxy"]',
          ],
        },
      );
    });

    test("gets nowhere past it: no raw connection, no address of this machine, no datagram, no name", async () => {
      const p = network.plain.port;
      await checkSeen(
        network,
        {
          net: [`127.0.0.1:${p}`],
          steps: [
            ["unset"],
            ["fetch", `http://127.0.0.1:${p}/`],
            ["tcp", "127.0.0.1", p],
            ["tcp", LAN, p],
            ["tcp", "169.254.169.254", 80],
            ["tcp", "::1", p],
            ["udp", "127.0.0.1", 53],
            ["lookup", "example.org"],
            ["unix", "/run/nanos.sock"],
            ["unix", "\0abstract"],
          ],
        },
        {
          saw: [
            "unset",
            /ConnectionRefused|ECONNREFUSED|EACCES|FailedToOpenSocket/u,
            /EACCES|ECONNREFUSED|ENETUNREACH/u,
            /EACCES|ECONNREFUSED|ENETUNREACH/u,
            /EACCES|ECONNREFUSED|ENETUNREACH/u,
            /EACCES|ECONNREFUSED|ENETUNREACH/u,
            /EACCES|EPERM/u,
            /EAI_AGAIN|ENOTFOUND|DNS_|ECONNREFUSED|EACCES/u,
            /EACCES|EPERM|ENOENT|ConnectionRefused|FailedToOpen/u,
            /EACCES|EPERM|EINVAL|ENOENT|ConnectionRefused|FailedToOpen/u,
          ],
        },
      );
      expect(network.plain.asked.splice(0)).toEqual([]);
    });

    test("the same port of another address of this machine is another place", async () => {
      const p = `127.0.0.1:${network.plain.port}`;
      await checkSeen(
        network,
        {
          net: [p],
          steps: [
            ["fetch", `http://${LAN}:${network.plain.port}/`],
            ["proxy", connectTo(`${LAN}:${network.plain.port}`)],
          ],
        },
        { saw: [/^403 /u, REFUSED], refused: [`undeclared net:${LAN}:${network.plain.port}`] },
      );
      expect(network.plain.asked).toEqual([]);
    });

    test("every spelling of an address is that address", async () => {
      const p = network.plain.port;
      const spellings = [
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "127.0.0.1.",
        "[::ffff:127.0.0.1]",
      ];
      const seen = await attempt(network, {
        net: ["example.org:80"],
        steps: spellings.map((one) => ["proxy", connectTo(`${one}:${p}`)]),
      });
      expect(seen).toMatchObject({ ok: true });
      expect((seen.refused ?? []).map(({ scope }) => scope)).toEqual([
        `net:127.0.0.1:${p}`,
        `net:[::ffff:7f00:1]:${p}`,
      ]);
      expect(seen.hosts).toBeUndefined();
    });

    test("a public name that leads to a private address is refused, unless a grant names it", async () => {
      network.names["inside.test"] = ["127.0.0.1"];
      const place = `inside.test:${network.plain.port}`;
      const steps = [["fetch", `http://${place}/`]];
      await checkSeen(
        network,
        { net: [place], steps },
        { saw: [/^403 nanos: .*not public/u], refused: [`private_address net:${place}`] },
      );
      await checkSeen(
        network,
        { net: [place], granted: [place], steps },
        { saw: ["200 plain"], hosts: [place] },
      );
      expect(network.plain.asked.splice(0)).toEqual([`GET ${place}/`]);
    });

    test("a metadata service stays out of reach by any name, even a granted one", async () => {
      network.names["meta.test"] = ["169.254.169.254"];
      network.names["mapped.test"] = ["::ffff:169.254.169.254"];
      network.names["nat64.test"] = ["64:ff9b::a9fe:a9fe"];
      network.names["sixtofour.test"] = ["2002:a9fe:a9fe::1"];
      network.names["teredo.test"] = ["2001:0:a9fe:a9fe::1"];
      network.names["multicast.test"] = ["224.0.0.1"];
      const names = ["meta", "mapped", "nat64", "sixtofour", "teredo", "multicast"].map(
        (one) => `${one}.test:80`,
      );
      await checkSeen(
        network,
        { net: names, granted: names, steps: names.map((one) => ["proxy", connectTo(one)]) },
        {
          saw: names.map(() => REFUSED),
          refused: names.map((one) => `private_address net:${one}`),
        },
      );
    });

    test("a name that answers differently the second time gains nothing", async () => {
      network.names["turning.test"] = ["93.184.216.34", "127.0.0.1"];
      network.lookups.length = 0;
      const place = `turning.test:${network.plain.port}`;
      const result = await attempt(network, { net: [place], steps: [["proxy", connectTo(place)]] });
      expect(result.ok).toBe(true);
      // Once for the connection: what is dialled is what was checked, and nothing is asked again.
      expect(network.lookups).toEqual(["turning.test"]);
      expect(network.plain.asked).toEqual([]);
    });

    test("net:* is any public host, and never a private one", async () => {
      network.names["sneaky.test"] = ["10.0.0.1"];
      await checkSeen(
        network,
        {
          net: ["*"],
          steps: [
            ["fetch", `http://127.0.0.1:${network.plain.port}/`],
            ["proxy", connectTo("192.168.0.1:80")],
            ["proxy", connectTo("sneaky.test:80")],
            ["proxy", connectTo("metadata.google.internal:80")],
            ["proxy", connectTo("unknown.test:80")],
          ],
        },
        {
          saw: [/^403 /u, REFUSED, REFUSED, REFUSED, /^HTTP\/1\.1 502 /u],
          refused: [
            `undeclared net:127.0.0.1:${network.plain.port}`,
            "undeclared net:192.168.0.1:80",
            "private_address net:sneaky.test:80",
            "undeclared net:metadata.google.internal:80",
          ],
        },
      );
    });

    test("an MCP server reaches what its call declares, in each call and between none", async () => {
      const p = `127.0.0.1:${network.plain.port}`;
      const server = `
        import { createInterface } from "node:readline";
        const tools = [{ name: "go", description: "Goes.", inputSchema: { type: "object" } }];
        const say = (id, result) => console.log(JSON.stringify({ jsonrpc: "2.0", id, result }));
        const go = async (path) => { try { const reply = await fetch("http://${p}" + path); return reply.status + " " + await reply.text(); } catch (error) { return String(error.code); } };
        for await (const line of createInterface({ input: process.stdin })) {
          const { id, method, params } = JSON.parse(line);
          if (method === "initialize") say(id, { protocolVersion: "2025-06-18", capabilities: {}, serverInfo: { name: "s", version: "1" } });
          else if (method === "tools/list") say(id, { tools });
          else if (method === "tools/call") {
            const text = [globalThis.later ?? "-", await go("/now"), await fetch("http://127.0.0.1:${network.other.port}/").then(({ status }) => status, String)].join(" ");
            say(id, { content: [{ type: "text", text }] });
            setTimeout(async () => { globalThis.later = await go("/later"); }, 100);
          } else if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32601, message: "no" } }));
        }`;
      const open = openLab({
        files: { "work/servers/s.ts": server },
        servers: {
          s: { command: BUN, args: [...FLAGS, "./servers/s.ts"], scopes: ["read:.", `net:${p}`] },
        },
      });
      const scopes = [`read:${open.workspace}`, `exec:${BUN}`, `net:${p}`];
      expect((await open.host.list()).broken).toEqual([]);
      const first = await open.call("mcp__s__go", {}, { scopes, step: "r.1" });
      expect(first).toMatchObject({
        ok: true,
        output: "- 200 plain 403",
        hosts: [p],
        refused: [{ scope: `net:127.0.0.1:${network.other.port}`, why: "undeclared" }],
      });
      await Bun.sleep(400);
      // What it tried on its own after the call found the way shut.
      const second = await open.call("mcp__s__go", {}, { scopes, step: "r.2" });
      expect(second).toMatchObject({
        ok: true,
        output: expect.stringMatching(/^(?!-|200).* 200 plain 403$/u),
      });
      expect(network.plain.asked.splice(0)).toEqual([`GET ${p}/now`, `GET ${p}/now`]);
      await open.close();
    });

    test("nothing of it is left when the call is over", () => {
      const ours = `nanos-net-${process.pid}-`;
      expect(readdirSync(tmpdir()).filter((name) => name.startsWith(ours))).toEqual([]);
    });
  });
}

if (TIERS.includes("landlock")) {
  test("without bubblewrap a program with net: is not started, and told what to install", async () => {
    const bare = openLab({
      files: {
        "arrangement/tools/net.yaml": JSON.stringify({
          name: "net",
          description: "Sends.",
          command: ["/bin/echo"],
          scopes: ["net:example.org"],
        }),
      },
      tier: "landlock",
    });
    expect((await bare.host.list()).broken).toEqual([]);
    const result = await bare.call(
      "net",
      {},
      { scopes: ["exec:/bin/echo", "net:example.org:443"] },
    );
    expect(result).toMatchObject({
      ok: false,
      failure: { code: "sandbox.no_tier", next: expect.stringContaining("bubblewrap") },
    });
    await bare.close();
  });
}
