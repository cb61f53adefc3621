import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { openSandbox } from "../../sandbox/open.ts";
import type { Box, Sandbox } from "../../sandbox/sandbox.ts";
import { TIERS } from "../../sandbox/testing/tiers.ts";
import { type Lab, openLab, toolFile } from "../testing/lab.ts";
import { BUN, codeOf, FLAGS } from "../testing/servers.ts";

setDefaultTimeout(60_000);

/** A server whose one tool does what it is told, to this machine. */
const SERVER = `
import { createInterface } from "node:readline";
import { spawn } from "node:child_process";
const say = (id, result) => console.log(JSON.stringify({ jsonrpc: "2.0", id, result }));
const kept = [];
const deeds = {
  memory: () => { for (let i = 0; i < 64; i++) kept.push(Buffer.alloc(16 * 1024 * 1024, i)); },
  processes: () => { for (let i = 0; i < 300; i++) spawn("/bin/sleep", ["20"], { stdio: "ignore" }).on("error", () => process.exit(9)); },
  output: () => { for (let i = 0; i < 400; i++) console.log("x".repeat(20_000)); },
  time: () => { for (;;); },
};
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (method === "initialize") say(id, { protocolVersion: "2025-06-18", capabilities: {}, serverInfo: { name: "s", version: "1" } });
  else if (method === "tools/list") say(id, { tools: [{ name: "do", description: "Does.", inputSchema: { type: "object" } }] });
  else if (method === "tools/call") { deeds[params.arguments.what](); setTimeout(() => say(id, { content: [] }), 3000); }
  else if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32601, message: "no" } }));
}
`;

const SHELL = {
  memory: "head -c 900000000 /dev/zero | tail",
  processes: "i=0; while [ $i -lt 300 ]; do sleep 20 & i=$((i+1)); done; wait",
  output: "yes",
  time: "while :; do :; done",
};

const MODULE = `
  const kept: unknown[] = [];
  if (args.what === "memory") for (let i = 0; i < 64; i++) kept.push(new Uint8Array(16 * 1024 * 1024).fill(i));
  if (args.what === "processes") for (let i = 0; i < 300; i++) Bun.spawn(["/bin/sleep", "20"]);
  if (args.what === "output") return "x".repeat(3_000_000);
  if (args.what === "time") for (;;);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  return kept.length;
`;

const PROGRAMS = ["/bin/sh", "/bin/sleep", "/usr/bin/head", "/usr/bin/tail", "/usr/bin/yes"];
const EXECS = PROGRAMS.map((path) => `exec:${path}`);

function labOf(sandbox: Sandbox): Lab {
  const command = ["/bin/sh", "-c", "{script}"];
  return openLab({
    sandbox,
    files: {
      "arrangement/tools/module.ts": toolFile(
        "module",
        MODULE,
        `scopes: ${JSON.stringify([...EXECS, "env:SHOWN", "read:./notes"])},`,
      ),
      "arrangement/tools/command.yaml": JSON.stringify({
        name: "command",
        description: "Does.",
        command,
        scopes: [...EXECS, "env:SHOWN", "read:./notes"],
      }),
      "work/notes/a.md": "a",
      "work/servers/s.ts": SERVER,
    },
    servers: {
      s: {
        command: BUN,
        args: [...FLAGS, "./servers/s.ts"],
        scopes: ["read:.", "exec:/bin/sleep", "env:SHOWN"],
      },
    },
  });
}

type What = keyof typeof SHELL;
const KINDS = ["module", "command", "mcp__s__do"] as const;

/** Each ends by its own limit; where the kernel's comes first, the process says so and fails. */
const ENDS: Readonly<Record<What, readonly string[]>> = {
  memory: ["tool.memory", "tool.crashed", "tool.failed", "tool.program_failed"],
  processes: ["tool.processes", "tool.crashed", "tool.failed", "tool.program_failed"],
  output: ["tool.flooded", "mcp.protocol"],
  time: ["tool.timeout"],
};

for (const tier of TIERS) {
  describe(`what one call may use in ${tier}`, () => {
    for (const kind of KINDS) {
      for (const what of ["memory", "processes", "output", "time"] as const) {
        test(`${kind}: ${what}`, async () => {
          const lab = labOf(
            openSandbox({ clock: systemClock, forbid: tier === "bwrap" ? [] : ["bwrap"] }),
          );
          const scopes = [`read:${lab.workspace}`, `exec:${BUN}`, ...EXECS];
          const args = kind === "command" ? { script: SHELL[what] } : { what };
          const ms = what === "time" ? 2_000 : 30_000;
          const result = await lab.call(kind, args, { scopes, ms });
          expect(ENDS[what]).toContain(codeOf(result));
          expect(result).toMatchObject({ isolation: tier });
          await lab.close();
        });
      }
    }
  });
}

test("the same scopes make the same box of every kind: variables, programs, paths and limits", async () => {
  const boxes: Box[] = [];
  const real = openSandbox({ clock: systemClock });
  const lab = labOf({
    ...real,
    start: (spec) => {
      boxes.push(spec.box);
      return real.start(spec);
    },
  });
  await lab.host.list();
  boxes.length = 0;
  const notes = join(lab.workspace, "notes");
  const scopes = [
    `read:${notes}`,
    "env:SHOWN",
    "env:NANOS_PASSPHRASE",
    "env:GONE",
    "exec:/bin/sleep",
    "exec:no-such",
  ];
  await lab.call("module", {}, { scopes, ms: 10_000 });
  await lab.call("command", { script: "exit 0" }, { scopes, ms: 10_000 });
  const server = [...scopes, `read:${lab.workspace}/servers`, `exec:${BUN}`];
  await lab.call("mcp__s__do", { what: "nothing" }, { scopes: server, ms: 1_000 });
  expect(boxes).toHaveLength(3);
  for (const box of boxes) {
    expect(box.env["SHOWN"]).toBe("shown");
    expect(
      Object.keys(box.env).filter((name) => !["PATH", "LANG", "SHOWN"].includes(name)),
    ).toEqual([]);
    expect(box.exec).toContain("/bin/sleep");
    expect(box.exec).not.toContain("no-such");
    expect(box.reads).toContain(notes);
    expect([box.writes, box.net]).toEqual([[], { kind: "none" }]);
    const { memoryBytes, processes, stageBytes } = box.limits;
    expect([memoryBytes, processes, stageBytes]).toEqual([
      LIMITS.toolMemoryBytes,
      LIMITS.toolProcesses,
      LIMITS.stageBytes,
    ]);
  }
  await lab.close();
});
