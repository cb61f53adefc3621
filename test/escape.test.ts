import { afterAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProbeResult } from "../src/sandbox/probe.ts";
import { LEFT_OPEN } from "../src/sandbox/probing/attacks/files.ts";
import type { ProcessSpec } from "../src/sandbox/sandbox.ts";
import { forced } from "../src/sandbox/testing/ground.ts";
import { CONTAINERS, makeImage } from "../src/sandbox/testing/image.ts";
import { TIERS } from "../src/sandbox/testing/tiers.ts";
import type { Json } from "../src/std/json.ts";
import { attempt, LAN, type NetworkLab, openNetwork } from "../src/tools/testing/network-lab.ts";
import { person } from "./support/nanos.ts";
import { asSomebody, isReadable, isRoot } from "./support/machines.ts";

/**
 * Every attack, by every kind of process, in every tier, as root and as an ordinary user. Whether it
 * held is judged from outside; that the judge would notice is shown in `probe.test.ts`, where the
 * same attacks are made without a box.
 */
const CELL_MS = 400_000;
const ATTACKS_AT_LEAST = 40;

interface Cell {
  readonly tier: "bwrap" | "landlock" | "wasm" | "container";
  readonly as: "root" | "user";
}

const table = new Map<string, readonly ProbeResult[]>();

describe("every attack is held, or named as one that is not", () => {
  const tiers = [...TIERS, "wasm"] as const;
  const cells = (["root", "user"] as const).flatMap((as) =>
    tiers.map((tier): Cell => ({ tier, as })),
  );
  // Podman without root bounds nothing on most machines, and is refused there.
  if (CONTAINERS) cells.push({ tier: "container", as: isRoot() ? "root" : "user" });
  for (const cell of cells.filter(({ as }) => as === "user" || isRoot())) {
    test(`${cell.tier}, as ${cell.as}`, () => check(cell), CELL_MS);
  }
});

/** Programs that reach the network are held by bubblewrap alone. */
const KINDS: Readonly<Record<Cell["tier"], readonly ProbeResult["kind"][]>> = {
  bwrap: ["host", "program", "networked"],
  landlock: ["host", "program"],
  wasm: ["pure"],
  container: ["container"],
};

async function check(cell: Cell): Promise<void> {
  const script = join(import.meta.dirname, "../src/sandbox/testing/probes.ts");
  const somebody = cell.as === "user" && isRoot() ? asSomebody() : [];
  if (somebody === null || (somebody.length > 0 && !isReadable(script))) {
    console.log("not available: an ordinary user (setpriv, and a checkout everybody may read)");
    return;
  }
  const results = await attackAll([...somebody, process.execPath, script, cell.tier]);
  expect(results.filter(({ held, residual }) => !held && residual === null)).toEqual([]);
  // A weakness that is named and gone is a wrong warning.
  expect(results.filter(({ held, residual }) => held && residual !== null)).toEqual([]);
  const kinds = KINDS[cell.tier];
  expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(kinds));
  for (const kind of kinds) {
    const of = results.filter((result) => result.kind === kind);
    expect(of.length).toBeGreaterThanOrEqual(ATTACKS_AT_LEAST);
    expect(new Set(of.map(({ tier }) => tier))).toEqual(new Set([cell.tier]));
    table.set(`${cell.tier} ${cell.as} ${kind}`, of);
  }
}

describe("what a tier cannot hold is refused there, and the refusal says what to install", () => {
  const limits = {
    ...{ ms: 5_000, memoryBytes: 1e8, processes: 8, cpuSeconds: 5 },
    ...{ outputBytes: 1e5, stageBytes: 1e6 },
  };
  const box = { reads: [], writes: [], net: { kind: "none" }, exec: [], env: {}, limits } as const;
  const net = { kind: "proxy", socket: "/run/proxy" } as const;
  const program = { kind: "program", argv: ["/bin/true"] } as const;
  const host = { kind: "host", file: "/tool.ts" } as const;
  const cases: [string, "bwrap" | "landlock" | "wasm", Pick<ProcessSpec, "run" | "box">][] = [
    ["a program with a network", "landlock", { run: program, box: { ...box, net } }],
    ["a program", "wasm", { run: program, box }],
    ["a tool that reads", "wasm", { run: host, box: { ...box, reads: ["/usr"] } }],
    ["a tool that writes", "wasm", { run: host, box: { ...box, writes: ["/tmp/x"] } }],
    ["a tool that starts programs", "wasm", { run: host, box: { ...box, exec: ["/bin/sh"] } }],
    ["a tool with a network of its own", "bwrap", { run: host, box: { ...box, net } }],
    ["a tool with a network of its own", "landlock", { run: host, box: { ...box, net } }],
    ["a tool with a network of its own", "wasm", { run: host, box: { ...box, net } }],
  ];
  for (const [name, tier, wanted] of cases) {
    test(`${name}, in ${tier}`, async () => {
      const sandbox = forced(tier);
      const refused = await sandbox.start({ ...wanted, cwd: "/", stage: null });
      await sandbox.close();
      expect(refused).toMatchObject({
        code: "sandbox.no_tier",
        next: expect.stringMatching(/bubblewrap|ctx\.fetch/u),
      });
    });
  }
});

if (TIERS.includes("bwrap")) {
  test(
    "a program with a network gets nowhere its call did not name, by whatever way",
    async () => {
      const network = await openNetwork();
      await tryWaysOut(network, "client");
      await network.close();
    },
    CELL_MS,
  );
}

if (CONTAINERS && isRoot()) {
  test(
    "a container with a network gets nowhere its call did not name either",
    async () => {
      const image = makeImage();
      const network = await openNetwork(image.name);
      await tryWaysOut(network, "contained");
      const { plain } = network;
      const p = `127.0.0.1:${plain.port}`;
      const result = await attempt(network, {
        ...{ net: [p], tool: "contained" },
        steps: [["fetch", `http://${p}/in`], ["env"]],
      });
      expect(result).toMatchObject({ ok: true, isolation: "container", hosts: [p] });
      expect(result.ok && String(result.output)).toContain("200 plain");
      expect(plain.asked).toEqual([`GET ${p}/in`]);
      // Nothing is left of it: neither the container nor the relay whose network it joined.
      expect(image.podman("ps", "--all", "--quiet", "--filter", `ancestor=${image.name}`)).toBe("");
      await network.close();
      image.remove();
    },
    CELL_MS,
  );
}

describe("what others run or obey is not put in place without a question", () => {
  const planted = [
    ...[".git/hooks/pre-commit", ".git/config", "deep/down/.git/hooks/post-checkout", ".envrc"],
    ...["bunfig.toml", "package.json", ".npmrc", "AGENTS.md", "CLAUDE.md", ".mcp.json", ".bashrc"],
    ...[".nano-os/tools/more.ts", ".vscode/tasks.json", ".github/workflows/run.yaml"],
  ];
  const tool = `import { tool, z } from "nanos/tool";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
export default tool({
  name: "plant",
  description: "Plants.",
  scopes: ["write:./notes"],
  input: z.object({ paths: z.array(z.string()) }),
  run: ({ paths }, ctx) => {
    for (const path of paths) {
      const at = ctx.path("notes/" + path);
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, "planted");
    }
    return "done";
  },
});`;
  const turns = [planted, ["free.md"]].map(
    (paths) => `  - calls: [{ name: plant, args: { paths: ${JSON.stringify(paths)} } }]`,
  );

  test(
    "by a tool that may write there",
    async () => {
      using me = person();
      await me.nanos("init", "--from", "indie-developer");
      const home = join(me.userHome, ".nano-os");
      mkdirSync(join(home, "tools"), { recursive: true });
      writeFileSync(join(home, "tools", "plant.ts"), tool);
      const agent = join(home, "agents", "oracle.md");
      writeFileSync(agent, readFileSync(agent, "utf8").replace("skills: [", "skills: [plant, "));
      const script = join(home, "models", "plant.yaml");
      writeFileSync(script, ["turns:", ...turns, "  - say: done", ""].join("\n"));
      await me.nanos("model", "add", "plant", "--adapter", "script", "--file", "models/plant.yaml");
      await me.nanos("model", "use", "plant");
      await me.nanos("grant", "add", "plant");
      expect((await me.nanos("run", "plant it")).code).toBe(3);
      const asked = JSON.parse((await me.nanos("approvals", "list", "--json")).out) as Asked[];
      expect(asked).toMatchObject([
        { what: expect.stringContaining("notes/.git/hooks/pre-commit") },
      ]);
      const there = (): readonly string[] =>
        readdirSync(join(me.userHome, "notes"), { recursive: true, encoding: "utf8" }).toSorted();
      expect(there()).toEqual(["dashboard.md", "inbox.md"]);
      await me.nanos("approvals", "deny", asked[0]?.id ?? "");
      await me.nanos("resume", asked[0]?.run ?? "");
      expect(there()).toEqual(["dashboard.md", "free.md", "inbox.md"]);
    },
    CELL_MS,
  );
});

interface Asked {
  readonly id: string;
  readonly run: string;
  readonly what: string;
}

/** Every way out of a process with a network; `away` is the one host its call named. */
async function tryWaysOut(network: NetworkLab, tool: "client" | "contained"): Promise<void> {
  const what = tool === "client" ? "program" : "container";
  const { plain, other, secure, away, names } = network;
  names["turning.test"] = ["93.184.216.34", "127.0.0.1"];
  names["inside.test"] = ["127.0.0.1"];
  names["lan.test"] = ["10.0.0.1"];
  names["meta.test"] = ["169.254.169.254"];
  const connect = (to: string, then = ""): Json => [
    "proxy",
    `CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n\r\n`,
    ...(then === "" ? [] : [then]),
  ];
  const p = `127.0.0.1:${plain.port}`;
  const net = [`127.0.0.1:${away.port}`, "turning.test:80", "inside.test:80", "meta.test:80"];
  const attacks: readonly (readonly [string, Json])[] = [
    ["another port", ["fetch", `http://127.0.0.1:${other.port}/`]],
    ["another port, by TLS", ["fetch", `https://127.0.0.1:${secure.port}/`]],
    ["a redirect to another host", ["fetch", `http://127.0.0.1:${away.port}/`]],
    ["a tunnel to another host", connect(`127.0.0.1:${other.port}`)],
    [
      "another host in a tunnel",
      connect(`127.0.0.1:${away.port}`, `GET / HTTP/1.1\r\nHost: ${p}\r\n\r\n`),
    ],
    ["an address of this network", connect(`${LAN}:${away.port}`)],
    ["a private range", connect("192.168.0.1:80")],
    ["a private range by a name", connect("lan.test:80")],
    ["this machine by a name", connect("inside.test:80")],
    ["the metadata service", connect("169.254.169.254:80")],
    ["the metadata service by a name", connect("meta.test:80")],
    ["a name that turns", connect("turning.test:80")],
    ["a name that turned", connect("turning.test:80")],
    ["another spelling", connect(`2130706433:${other.port}`)],
    ["a mapped address", connect(`[::ffff:127.0.0.1]:${other.port}`)],
    ["a name with a NUL", connect(`127.0.0.1\0.test:${other.port}`)],
    ["no proxy at all", ["unset"]],
    ["a raw connection", ["tcp", "127.0.0.1", other.port]],
    ["a raw connection to this network", ["tcp", LAN, other.port]],
    ["a raw connection to the metadata service", ["tcp", "169.254.169.254", 80]],
    ["a raw connection over IPv6", ["tcp", "::1", other.port]],
    ["a datagram", ["udp", "127.0.0.1", other.port]],
    ["a datagram to a server of names", ["udp", "1.1.1.1", 53]],
    ["the names of this machine", ["lookup", "example.org"]],
    ["the socket of the proxy", ["unix", "/run/nanos.sock"]],
    ["a socket without a file", ["unix", "\0nanos"]],
  ];
  const steps = attacks.map(([, step]) => step);
  const result = await attempt(network, { net, steps, tool });
  if (!result.ok) throw new Error(result.failure.message);
  const saw = JSON.parse(String(result.output)) as readonly string[];
  expect(saw).toHaveLength(attacks.length);
  const through = attacks.filter((_, i) => /200 (?:plain|other|secure)|^sent$/u.test(saw[i] ?? ""));
  expect(through.map(([name]) => name)).toEqual([]);
  // What they say is one thing; whether anybody was asked is another.
  expect([plain.asked, other.asked, secure.asked]).toEqual([[], [], []]);
  expect(away.asked).toEqual([`GET 127.0.0.1:${away.port}/`]);
  console.log(`${attacks.length} ways out of a ${what} with a network: none got through`);
}

/** In a nanos that was started carelessly: a file is left open, and the environment holds a secret. */
async function attackAll(argv: readonly string[]): Promise<readonly ProbeResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "nanos-escape-"));
  try {
    const left = join(folder, "left-open");
    writeFileSync(left, LEFT_OPEN);
    const child = spawn("/bin/sh", ["-c", 'exec 9<"$0" && exec "$@"', left, ...argv], {
      cwd: "/",
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: "/usr/bin:/bin", HOME: "/nowhere", API_KEY: "sk-an-environment-canary" },
    });
    const parts: Buffer[] = [];
    for await (const part of child.stdout) parts.push(part as Buffer);
    const said = Buffer.concat(parts).toString();
    return (JSON.parse(said) as { results: readonly ProbeResult[] }).results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

afterAll(() => {
  const columns = [...table.keys()];
  const names = [...new Set([...table.values()].flat().map(({ name }) => name))];
  const cellOf = (column: string, name: string): string => {
    const result = table.get(column)?.find((each) => each.name === name);
    if (result === undefined) return " ";
    return result.held ? "·" : result.residual === null ? "X" : "r";
  };
  const lines = names.map(
    (name) =>
      `${name.padEnd(44)}${columns.map((column) => cellOf(column, name).padEnd(3)).join("")}`,
  );
  const head = columns.map((column, i) => `${String(i + 1).padStart(2)} ${column}`);
  console.log(
    [
      "attack x kind x tier: · held, r known and bounded, X got through",
      ...head,
      `${" ".repeat(44)}${columns.map((_, i) => String(i + 1).padEnd(3)).join("")}`,
      ...lines,
      ...new Set(
        [...table.values()]
          .flat()
          .flatMap(({ tier, residual }) => (residual ? [`r ${tier}: ${residual}`] : [])),
      ),
    ].join("\n"),
  );
});
