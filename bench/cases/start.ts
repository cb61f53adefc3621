import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/std/clock.ts";
import { BUN, ROOT, run } from "../../scripts/machine.ts";
import { type Case, type Figures, repeat } from "./case.ts";
import { makeHome } from "./home.ts";

/** Programs that are started, do one thing and end. */

export const NANOS = join(ROOT, "dist/nanos");
const BUILT = join(ROOT, "bench/.peers/bin");

/**
 * Makes what the cases start: the least programs always, nanos where it is missing. Returns the
 * cases that have nothing to start, with the reason.
 */
export async function buildPrograms(): Promise<ReadonlyMap<string, string>> {
  const missing = new Map<string, string>();
  for (const [name, program] of [
    ["start hello", "hello"],
    ["prompt bare", "oneshot"],
  ] as const) {
    const flags = ["--compile", "--minify", "--production", "--bytecode", "--format=esm"];
    const closed = ["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];
    const file = join(ROOT, `bench/${program}.ts`);
    const outfile = `--outfile=${join(BUILT, program)}`;
    const ran = await run([...BUN, "build", ...flags, ...closed, outfile, file]);
    if (ran.code !== 0) missing.set(name, `the build of ${file} failed`);
  }
  const built = existsSync(NANOS) || (await run([...BUN, "scripts/build.ts"])).code === 0;
  for (const name of ["start nanos", "prompt nanos"]) {
    if (!built) missing.set(name, "dist/nanos (npm run build fails)");
  }
  return missing;
}

export const helloVersion: Case = ({ quick }) =>
  starts(quick, [join(BUILT, "hello"), "--version"], {});
export const nanosVersion: Case = async ({ quick }) => ({
  ...(await starts(quick, [NANOS, "--version"], {})),
  binaryMb: statSync(NANOS).size / 1e6,
});

/** One prompt to its answer: the least program that keeps a journal. */
export const barePrompt: Case = async ({ url, quick }) => {
  const dir = mkdtempSync(join(tmpdir(), "nanos-bench-"));
  let n = 0;
  try {
    return await repeat(quick ? 2 : 10, () =>
      start([join(BUILT, "oneshot"), url, "tokens-20", join(dir, `${n++}.db`)], {}),
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

/** The same through `nanos run`, in a home that has been used before. */
export const nanosPrompt: Case = async ({ url, quick }) => {
  const home = await makeHome(url, ["tokens-20"]);
  try {
    const argv = [NANOS, "--home", home.dir, "run", "go"];
    await start(argv, home.env, home.user);
    return await repeat(quick ? 2 : 10, () => start(argv, home.env, home.user));
  } finally {
    home.remove();
  }
};

async function starts(
  quick: boolean,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Figures> {
  await start(argv, env);
  return repeat(quick ? 2 : 20, () => start(argv, env));
}

async function start(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd = tmpdir(),
): Promise<Figures> {
  const begin = systemClock.elapsed();
  const child = Bun.spawn([...argv], { env, cwd, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, error, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const startMs = systemClock.elapsed() - begin;
  if (code !== 0 || out === "")
    throw new Error(`${argv.join(" ")} ended with ${code}: ${error.slice(0, 300)}`);
  return { startMs, peakMb: (child.resourceUsage()?.maxRSS ?? Number.NaN) / 1024 / 1024 };
}
