import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Nanos, RunRequest } from "../../src/contracts/nanos.ts";
import type { RunEnd } from "../../src/contracts/run.ts";
import { init, openNanos } from "../../src/nanos.ts";

/** A home of its own, with an arrangement of one oracle, one worker and one tool that reaches nothing. */
export interface BenchHome {
  readonly dir: string;
  /** The user's folder the home is kept below; a child process needs it as `HOME`. */
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
  open(): Promise<Nanos>;
  remove(): void;
}

/** More than any row needs: what is measured is the work, not where it is stopped. */
export const AMPLE = { turns: 10_000, calls: 30_000, tokens: 1_000_000_000, ms: 600_000 } as const;

/** Makes the home; its models are at `url` and named after what the mock is asked for. */
export async function makeHome(url: string, models: readonly string[]): Promise<BenchHome> {
  const user = mkdtempSync(join(tmpdir(), "nanos-bench-"));
  const starter = join(user, "starter");
  for (const [path, text] of Object.entries(files(url, models))) {
    mkdirSync(dirname(join(starter, path)), { recursive: true });
    writeFileSync(join(starter, path), text);
  }
  const dir = join(user, ".nano-os");
  const env = { HOME: user, PATH: process.env["PATH"] ?? "" };
  const options = { home: dir, cwd: user, env };
  await init(options, starter);
  return {
    dir,
    user,
    env,
    open: () => openNanos(options),
    remove: () => rmSync(user, { recursive: true, force: true }),
  };
}

/** Runs one request to its end; anything but success is a fault of the bench. */
export async function runToEnd(nanos: Nanos, request: RunRequest): Promise<RunEnd> {
  const handle = await nanos.run({ ...request, budget: { ...AMPLE, ...request.budget } });
  const state = await handle.done;
  if (state.state !== "ended" || state.ended.outcome !== "succeeded") {
    throw new Error(`the run came to ${JSON.stringify(state).slice(0, 600)}`);
  }
  return state.ended;
}

function files(url: string, models: readonly string[]): Record<string, string> {
  const list = models.map((name) =>
    [`  ${name}:`, "    adapter: openai-compatible", `    url: ${url}`, `    model: ${name}`].join(
      "\n",
    ),
  );
  const price = "    price: { input: 0, output: 0 }";
  return {
    "arrangement.yaml": [
      "name: bench",
      "description: What the bench runs.",
      "oracle: oracle",
      "models:",
      ...list.map((model) => `${model}\n${price}`),
      `model: ${models[0]}`,
      "",
    ].join("\n"),
    "agents/oracle.md": agent("oracle", "skills: [bench]\nagents: [worker]"),
    "agents/worker.md": agent("worker", `skills: [bench]\nmodel: ${models.at(-1)}`),
    "skills/bench/SKILL.md": "---\nname: bench\ndescription: Repeats a text.\n---\n\nUse `echo`.\n",
    "skills/bench/nanos.yaml": "version: 0.1.0\nscopes: []\n",
    "skills/bench/tools/echo.ts": ECHO,
  };
}

function agent(name: string, more: string): string {
  return `---\nname: ${name}\ndescription: One of the bench.\n${more}\n---\n\nDo what is asked.\n`;
}

const ECHO = `import { tool, z } from "nanos/tool";

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
