import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/std/clock.ts";
import type { ToolHost } from "../../src/tools/tool-host.ts";
import { openSandbox } from "../../src/sandbox/open.ts";
import { openTools } from "../../src/tools/open.ts";
import { ROOT, run, which } from "../../scripts/machine.ts";
import { type Case, type Figures, median } from "./case.ts";
import { programOf } from "../programs.ts";

/** One call of a tool: from nothing to its result, and once its process is there. */

/** A tool and a client as small as they can be: lines of JSON over pipes. */
export const bareTool: Case = ({ quick }) => bareEnds(quick, (argv) => argv);

/** The same tool in namespaces of its own. */
export const boxedTool: Case = ({ quick }) => {
  const bwrap = which("bwrap");
  if (bwrap === null) throw new Error("needs bwrap: apt-get install bubblewrap");
  const walls = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"];
  const view = ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"];
  return bareEnds(quick, (argv) => [bwrap, "--die-with-parent", ...walls, ...view, "--", ...argv]);
};

/** The same as below, in the program it is compiled into, as the binary is. */
export const shippedTool: Case = async ({ quick }) => {
  const program = programOf("tool nanos");
  const ran = await run([program, quick ? "quick" : "full"], { cwd: ROOT, ms: 120_000 });
  if (ran.code !== 0) throw new Error(`${program} ended with ${ran.code}: ${ran.text}`);
  return JSON.parse(ran.stdout) as Figures;
};

/** Through the tool host: the sandbox it takes for itself, schema and labels checked. */
export const hostedTool: Case = async ({ quick }) => {
  const dir = mkdtempSync(join(tmpdir(), "nanos-bench-"));
  const file = join(dir, "tools", "echo.ts");
  mkdirSync(join(dir, "tools"));
  writeFileSync(file, TOOL);
  const sandbox = openSandbox({ clock: systemClock });
  const arrangement = {
    dir,
    workspace: dir,
    agents: new Map(),
    skills: new Map(),
    toolFiles: [file],
    mcpServers: {},
  };
  const cacheDir = join(dir, "cache");
  const tools = openTools({ sandbox, arrangement, clock: systemClock, cacheDir });
  try {
    const { broken } = await tools.list();
    if (broken[0]) throw new Error(broken[0].failure.message);
    const cold: number[] = [];
    for (let i = 0; i < (quick ? 2 : 15); i++)
      cold.push(await timed(() => call(tools, dir, `r${i}.1`)));
    const warm: number[] = [];
    for (let i = 0; i < (quick ? 20 : 2_000); i++) {
      warm.push(await timed(() => call(tools, dir, `r0.${i + 2}`)));
    }
    return { coldMs: median(cold), warmUs: median(warm) * 1_000 };
  } finally {
    await tools.close();
    await sandbox.close();
    rmSync(dir, { recursive: true, force: true });
  }
};

async function call(tools: ToolHost, workspace: string, step: string): Promise<void> {
  const args = { text: "hello" };
  const wanted = {
    tool: "echo",
    args,
    scopes: [],
    workspace,
    step,
    now: 1_790_000_000_000,
    ms: 10_000,
  };
  const refuse = async (): Promise<never> => {
    throw new Error("echo asks for nothing");
  };
  const result = await tools.call(wanted, refuse, new AbortController().signal);
  if (!result.ok) throw new Error(result.failure.message);
}

async function bareEnds(
  quick: boolean,
  wrap: (argv: readonly string[]) => readonly string[],
): Promise<Figures> {
  const dir = mkdtempSync(join(tmpdir(), "nanos-bench-"));
  const file = join(dir, "echo.mjs");
  writeFileSync(file, BARE);
  const argv = wrap([
    process.execPath,
    "--config=/dev/null",
    "--no-env-file",
    "--no-install",
    file,
  ]);
  try {
    const cold: number[] = [];
    for (let i = 0; i < (quick ? 2 : 15); i++) {
      const start = systemClock.elapsed();
      const ends = startEnds(argv);
      await ends.ask("hello");
      cold.push(systemClock.elapsed() - start);
      await ends.stop();
    }
    const ends = startEnds(argv);
    const warm: number[] = [];
    for (let i = 0; i < (quick ? 20 : 2_000); i++) warm.push(await timed(() => ends.ask("hello")));
    await ends.stop();
    return { coldMs: median(cold), warmUs: median(warm) * 1_000 };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Ends {
  ask(text: string): Promise<string>;
  stop(): Promise<void>;
}

function startEnds(argv: readonly string[]): Ends {
  const child = spawn(argv[0] ?? "", argv.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
  const gone = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const open = new Map<number, (text: string) => void>();
  let rest = "";
  let last = 0;
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    rest += chunk;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      const { id, result } = JSON.parse(rest.slice(0, end)) as { id: number; result: string };
      rest = rest.slice(end + 1);
      open.get(id)?.(result);
      open.delete(id);
    }
  });
  return {
    ask: (text) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        open.set(id, resolve);
        child.once("error", reject);
        const params = { name: "echo", arguments: { text } };
        child.stdin.write(
          `${JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params })}\n`,
        );
        child.removeListener("error", reject);
      }),
    stop: () => {
      child.kill("SIGKILL");
      return gone;
    },
  };
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = systemClock.elapsed();
  await act();
  return systemClock.elapsed() - start;
}

const BARE = `let rest = "";
const decoder = new TextDecoder();
for await (const chunk of Bun.stdin.stream()) {
  rest += decoder.decode(chunk, { stream: true });
  for (let end = rest.indexOf("\\n"); end >= 0; end = rest.indexOf("\\n")) {
    const { id, params } = JSON.parse(rest.slice(0, end));
    rest = rest.slice(end + 1);
    const result = { content: [{ type: "text", text: JSON.stringify({ echoed: params.arguments.text }) }] };
    require("node:fs").writeSync(1, JSON.stringify({ jsonrpc: "2.0", id, result }) + "\\n");
  }
}
`;

const TOOL = `import { tool, z } from "nanos/tool";

export default tool({
  name: "echo",
  description: "Gives a text back unchanged.",
  input: z.object({ text: z.string() }),
  output: z.object({ echoed: z.string() }),
  args: { text: "content" },
  repeatable: true,
  run: ({ text }) => ({ echoed: text }),
});
`;
