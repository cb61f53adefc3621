import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Boxed, Ended, ProcessSpec, Sandbox } from "../../sandbox/sandbox.ts";

/** A sandbox without walls, for tests of what is said over the pipes. It stages nothing. */
export function openAir(): Sandbox {
  const running = new Set<Boxed>();
  return {
    tier: () => "none",
    async start(spec) {
      const boxed = startOne(spec);
      running.add(boxed);
      void boxed.ended.then(() => running.delete(boxed));
      return boxed;
    },
    async close() {
      await Promise.all([...running].map((boxed) => boxed.stop()));
    },
  };
}

const HOST = fileURLToPath(new URL("unlocked-host.ts", import.meta.url));

function startOne({ run, box, cwd }: ProcessSpec): Boxed {
  const argv = argvOf(run);
  const child = spawn(argv[0] ?? "", argv.slice(1), { cwd, env: box.env, stdio: "pipe" });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-65_536)));
  let stopped = false;
  const ended = new Promise<Ended>((resolve) => {
    child.on("error", () => resolve({ kind: "exited", code: 127 }));
    child.on("close", (code, signal) => {
      if (stopped) resolve({ kind: "stopped", by: "cancelled" });
      else if (signal) resolve({ kind: "signalled", signal });
      else resolve({ kind: "exited", code: code ?? 0 });
    });
  });
  child.stdin.on("error", () => undefined);
  return {
    pid: child.pid ?? 0,
    tier: "none",
    mapping: [],
    cwd,
    write: (data) =>
      new Promise((done, fail) =>
        child.stdin.write(data, (error) => (error ? fail(error) : done())),
      ),
    endInput: () => child.stdin.end(),
    stdout: child.stdout,
    renew: () => undefined,
    stderr: () => stderr,
    ended,
    stop() {
      stopped = true;
      child.kill("SIGKILL");
      return ended;
    },
    changes: async () => [],
    commit: async () => null,
    discard: async () => undefined,
  };
}

function argvOf(run: ProcessSpec["run"]): readonly string[] {
  if (run.kind === "program") return run.argv;
  if (run.kind === "host") return [process.execPath, HOST, run.file];
  throw new Error(`no ${run.kind} in the open air`);
}
