import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Json } from "../../std/json.ts";
import type { AgentManifest } from "../../contracts/agent.ts";
import { systemClock } from "../../std/clock.ts";
import { openSandbox } from "../../sandbox/open.ts";
import { type Lab, type LabWants, openLab } from "../testing/lab.ts";
import { BUN, codeOf, FLAGS } from "../testing/servers.ts";

setDefaultTimeout(30_000);

/**
 * Scripts of a skill and agents that are programs, where nothing holds a program: refused, unless
 * the operator marked what they are made of.
 */
const AGENT = `
const { createInterface } = require("node:readline");
const say = (line) => console.log(JSON.stringify({ jsonrpc: "2.0", ...line }));
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method } = JSON.parse(line);
  if (method === "initialize") say({ id, result: { protocolVersion: 1 } });
  if (method === "session/new") say({ id, result: { sessionId: "s" } });
  if (method !== "session/prompt") return;
  const content = { type: "text", text: "the agent's own words" };
  const update = { sessionUpdate: "agent_message_chunk", content };
  say({ method: "session/update", params: { sessionId: "s", update } });
  say({ id, result: { stopReason: "end_turn" } });
});`;

interface Case {
  /** What a grant is given to. */
  readonly granted: string;
  readonly tool: string;
  readonly args: Json;
  readonly says: string;
  readonly wants: LabWants;
  readonly scopes: (lab: Lab) => readonly string[];
}

const coder: AgentManifest = {
  ...{ name: "coder", description: "Codes.", model: "inherit", kind: "acp" },
  ...{ skills: [], agents: [], memory: [], limits: {} },
  ...{ command: [BUN, ...FLAGS, "./agent.js"], scopes: [] },
} as unknown as AgentManifest;

const CASES: readonly Case[] = [
  {
    granted: "adder",
    tool: "adder__run",
    args: { script: "scripts/add.sh", args: ["two words"] },
    says: "added two words",
    wants: {
      files: { "arrangement/skills/adder/scripts/add.sh": 'echo "added $1"\n' },
      skills: { adder: [] },
      scripts: { adder: { "scripts/add.sh": "/bin/sh" } },
    },
    scopes: (lab) => ["exec:/bin/sh", `read:${lab.root}/arrangement/skills/adder`],
  },
  {
    granted: "coder",
    tool: "coder",
    args: { request: "go" },
    says: "the agent's own words",
    wants: { files: { "work/agent.js": AGENT }, agents: [coder] },
    scopes: (lab) => [`exec:${BUN}`, `read:${lab.workspace}`],
  },
];

for (const { granted, tool, args, says, wants, scopes } of CASES) {
  describe(tool, () => {
    const opened = (marked: boolean, held: boolean): Lab =>
      openLab({
        ...wants,
        ...(held
          ? {}
          : {
              sandbox: openSandbox({ clock: systemClock, forbid: ["bwrap", "landlock", "wasm"] }),
            }),
        options: { unconfined: (name, code) => marked && name === granted && code !== null },
      });

    test("is refused where nothing holds it, and nothing of it is started", async () => {
      const lab = opened(false, false);
      const [loaded] = (await lab.host.list()).tools;
      expect([loaded?.manifest.name, loaded?.unconfined]).toEqual([tool, undefined]);
      expect(codeOf(await lab.call(tool, args, { scopes: [...scopes(lab)] }))).toBe(
        "sandbox.no_tier",
      );
      await lab.close();
    });

    test("runs once it is marked, and says that nothing held it", async () => {
      const lab = opened(true, false);
      const [loaded] = (await lab.host.list()).tools;
      expect([loaded?.manifest.name, loaded?.unconfined]).toEqual([tool, true]);
      const result = await lab.call(tool, args, { scopes: [...scopes(lab)] });
      expect(result).toMatchObject({ ok: true, isolation: "none", held: { net: "open" } });
      expect(JSON.stringify(result.ok && result.output)).toContain(says);
      await lab.close();
    });

    test("is held all the same where something holds it", async () => {
      const lab = opened(true, true);
      const [loaded] = (await lab.host.list()).tools;
      expect(loaded?.unconfined).toBeUndefined();
      const result = await lab.call(tool, args, { scopes: [...scopes(lab)] });
      expect([result.ok, result.isolation === "none"]).toEqual([true, false]);
      await lab.close();
    });
  });
}
