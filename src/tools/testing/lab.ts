import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import type { Json } from "../../std/json.ts";
import type { AgentManifest } from "../../contracts/agent.ts";
import type { Skill } from "../../contracts/skill.ts";
import type { McpServer } from "../../contracts/tool.ts";
import { openSandbox } from "../../sandbox/open.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { openTools, type ToolOptions } from "../open.ts";
import type { Granted, Reach, ToolCall, ToolHost, ToolResult, Wanted } from "../tool-host.ts";

/** A workspace with tools, in a temporary folder, and the real sandbox of this machine. */
export interface Lab {
  /** Absolute; holds `arrangement/`, `work/` and `cache/`. */
  readonly root: string;
  readonly workspace: string;
  readonly sandbox: Sandbox;
  /** Processes started so far. */
  readonly starts: () => number;
  readonly host: ToolHost;
  /** Another host over the same files and cache, as a later start would open it. */
  again(): ToolHost;
  call(tool: string, args: Json, how?: Partial<ToolCall> & Calling): Promise<ToolResult>;
  close(): Promise<void>;
}

export interface Calling {
  readonly reach?: Reach;
  readonly signal?: AbortSignal;
}

export interface LabWants {
  /** Files below the root, by path: `arrangement/tools/x.ts`, `work/notes/a.md`. */
  readonly files: Readonly<Record<string, string>>;
  readonly servers?: Readonly<Record<string, McpServer>>;
  /** Agents that are programs. */
  readonly agents?: readonly AgentManifest[];
  /** Skills by name: their scopes. Their files lie in `arrangement/skills/NAME`. */
  readonly skills?: Readonly<Record<string, readonly string[]>>;
  /** Scripts of skills, by path in the skill, with the program that runs each. */
  readonly scripts?: Readonly<Record<string, Skill["scripts"]>>;
  readonly tier?: "bwrap" | "landlock" | "wasm";
  readonly sandbox?: Sandbox;
  readonly options?: Partial<ToolOptions>;
}

/** Opens a lab. Whatever is in `files` is there before anything is loaded. */
export function openLab(wants: LabWants): Lab {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "nanos-tools-test-")));
  for (const [path, text] of Object.entries(wants.files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const workspace = join(root, "work");
  mkdirSync(workspace, { recursive: true });
  const forbid =
    wants.tier === "wasm"
      ? (["bwrap", "landlock"] as const)
      : wants.tier === "landlock"
        ? (["bwrap"] as const)
        : [];
  const real = wants.sandbox ?? openSandbox({ clock: systemClock, forbid });
  let starts = 0;
  const sandbox: Sandbox = {
    ...real,
    start: (spec) => {
      starts += 1;
      return real.start(spec);
    },
  };
  const open = (): ToolHost =>
    openTools({
      sandbox,
      clock: systemClock,
      cacheDir: join(root, "cache"),
      env: { PATH: process.env["PATH"], SHOWN: "shown", HIDDEN: "hidden" },
      arrangement: arrangementOf(root, wants),
      ...wants.options,
    });
  const hosts: ToolHost[] = [];
  const again = (): ToolHost => {
    const host = open();
    hosts.push(host);
    return host;
  };
  const host = again();
  let steps = 0;
  return {
    root,
    workspace,
    sandbox,
    starts: () => starts,
    host,
    again,
    call(tool, args, { reach = noReach, signal = new AbortController().signal, ...how } = {}) {
      steps += 1;
      const step = `run.${steps}`;
      const base = { tool, args, scopes: [], workspace, step, now: NOON, ms: 20_000 };
      return host.call({ ...base, ...how }, reach, signal);
    },
    async close() {
      await Promise.all(hosts.map((one) => one.close()));
      await real.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** 2026-11-21, noon in UTC. */
export const NOON = Date.UTC(2026, 10, 21, 12);

const noReach: Reach = async () => ({
  ok: false,
  failure: { code: "test.refused", message: "Nothing is reachable in this test." },
});

/** A reach that answers every fetch with this, and keeps what was wanted. */
export function answering(answer: (wanted: Wanted) => Granted): { reach: Reach; wanted: Wanted[] } {
  const wanted: Wanted[] = [];
  return {
    wanted,
    reach: async (one) => {
      wanted.push(one);
      return answer(one);
    },
  };
}

function arrangementOf(root: string, wants: LabWants): ToolOptions["arrangement"] {
  const dir = join(root, "arrangement");
  const paths = Object.keys(wants.files).map((path) => join(root, path));
  const isTool = (path: string): boolean => /\/tools\/[^/]+\.(?:ts|yaml)$/u.test(path);
  const skills = Object.entries(wants.skills ?? {}).map(([name, scopes]): [string, Skill] => {
    const own = join(dir, "skills", name);
    const files = paths.filter((path) => path.startsWith(`${own}/`));
    const head = { name, description: name };
    const mcpFile = files.find((path) => path === join(own, "mcp.json")) ?? null;
    const manifest = { scopes: [...scopes] };
    const toolFiles = files.filter(isTool);
    const scripts = wants.scripts?.[name] ?? {};
    const texts = { instructions: "", hash: "", files: {}, scripts };
    return [name, { head, manifest, dir: own, toolFiles, mcpFile, ...texts }];
  });
  return {
    dir,
    workspace: join(root, "work"),
    agents: new Map(
      (wants.agents ?? []).map((manifest) => [
        manifest.name,
        { manifest, prompt: "", file: join(dir, `agents/${manifest.name}.md`) },
      ]),
    ),
    skills: new Map(skills),
    toolFiles: paths.filter((path) => path.startsWith(join(dir, "tools/")) && isTool(path)),
    mcpServers: wants.servers ?? {},
  };
}

/** The source of a tool file; `run` is the body of an async function with `args` and `ctx`. */
export function toolFile(name: string, run: string, extra = ""): string {
  return `import { fail, tool, z } from "nanos/tool";
import * as fs from "node:fs";
export default tool({
  name: "${name}",
  description: "${name}",
  input: z.looseObject({}),
  ${extra}
  async run(args: any, ctx) { ${run} },
});
`;
}
