import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Nanos, RunRequest } from "../../src/contracts/nanos.ts";
import type { Trace } from "../../src/contracts/trace.ts";
import type { Ask, RunState } from "../../src/contracts/run.ts";
import { openNanos, trust, trustView } from "../../src/nanos.ts";
import { runtimeFile } from "../../src/sandbox/runtime.ts";

/** A home with an arrangement of its own, whose oracle hands one piece of work to an agent. */
export interface AgentHome {
  readonly nanos: Nanos;
  readonly workspace: string;
  /** What was asked so far. */
  readonly asks: readonly Ask[];
  run(text: string, request?: Partial<RunRequest>): Promise<Ran>;
  close(): Promise<void>;
}

export interface Ran {
  readonly state: RunState;
  /** The end of a run that ended. */
  readonly end: Extract<RunState, { state: "ended" }>["ended"] | null;
  readonly trace: Trace;
}

export interface Wants {
  /** Files of the arrangement, by path in its folder; `../a` lies in the workspace. PROGRAMS is a folder. */
  readonly files: Readonly<Record<string, string>>;
  /** Programs by the word that stands for their argv in the files, each as its source. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Servers by name, each the word of its program; they read the programs' folder. */
  readonly mcp?: Readonly<Record<string, string>>;
  /** The arrangement's `limits`, as YAML. */
  readonly limits?: string;
  /** Where its home lies beside `work`, the workspace; `home`. */
  readonly home?: string;
  /** Folders of the workspace whose arrangements are trusted too. */
  readonly trusts?: readonly string[];
  /** What the oracle hands on. */
  readonly delegates: Readonly<Record<string, unknown>>;
  /** How often it does; once where nothing is said. */
  readonly times?: number;
  /** What the operator answers; `allow` where nothing is said, null for nobody at hand. */
  readonly answer?: ((ask: Ask) => "allow" | "deny") | null;
}

const FLAGS = [
  "--config=/dev/null",
  "--no-env-file",
  "--no-install",
  "--tsconfig-override=/dev/null",
];

/** The source of a program: `read()` gives all of its standard input. */
export function program(body: string): string {
  return `import * as fs from "node:fs";
const read = async (): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
};
${body}
`;
}

export async function agentHome(wants: Wants): Promise<AgentHome> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "nanos-agents-")));
  const dir = join(root, "work", ".nano-os");
  const words = new Map<string, readonly string[]>();
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  for (const [name, source] of Object.entries(wants.programs ?? {})) {
    const file = join(root, "work", "programs", `${name.toLowerCase()}.ts`);
    put(file, source);
    words.set(name, [runtimeFile(), ...FLAGS, file]);
  }
  // In a list of YAML a word stands for all of its argv.
  const written = (text: string): string =>
    [...words].reduce(
      (all, [name, argv]) =>
        all.replace(new RegExp(`\\[${name}(?=[\\],])`, "u"), () =>
          JSON.stringify(argv).slice(0, -1),
        ),
      text.replaceAll("PROGRAMS", join(root, "work", "programs")),
    );
  const servers = Object.entries(wants.mcp ?? {}).map(([name, word]) => {
    const [command, ...args] = words.get(word) ?? [];
    return [name, { command, args, scopes: ["read:PROGRAMS"] }];
  });
  const files = {
    "arrangement.yaml": `${ARRANGEMENT}${wants.limits === undefined ? "" : `limits: ${wants.limits}\n`}`,
    "script.yaml": script(wants),
    "mcp.json": JSON.stringify({ mcpServers: Object.fromEntries(servers) }),
    ...wants.files,
  };
  for (const [path, text] of Object.entries(files)) put(join(dir, path), written(text));
  const home = join(root, wants.home ?? "home");
  const options = { home, cwd: join(root, "work"), env: { PATH: process.env["PATH"] } };
  for (const folder of [".", ...(wants.trusts ?? [])]) {
    await trust(options, await trustView(options, join(root, "work", folder)));
  }
  const nanos = await openNanos(options);
  const asks: Ask[] = [];
  const answer = wants.answer === undefined ? (): "allow" => "allow" : wants.answer;
  return {
    nanos,
    asks,
    workspace: nanos.place.workspace,
    async run(text, request = {}) {
      const ask: RunRequest["ask"] = answer
        ? async (one) => {
            asks.push(one);
            return { verdict: answer(one), reach: "once" };
          }
        : undefined;
      const handle = await nanos.run({ text, ...(ask ? { ask } : {}), ...request });
      const state = await handle.done;
      const end = state.state === "ended" ? state.ended : null;
      return { state, end, trace: nanos.traces.show(handle.run) };
    },
    async close() {
      await nanos.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

const ARRANGEMENT = `name: lab
oracle: oracle
model: recorded
models:
  recorded: { adapter: script, file: script.yaml }
`;

function script({ delegates, times = 1 }: Wants): string {
  const calls = [{ name: "delegate", args: delegates }];
  const usage = { input: 0, output: 0 };
  return JSON.stringify({
    turns: [
      { agent: "oracle", when: { last: "^go" }, once: true, calls, usage },
      ...Array.from({ length: times - 1 }, () => ({ agent: "oracle", once: true, calls, usage })),
      { agent: "oracle", say: "That was all.", once: false, usage },
    ],
  });
}
