import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/std/clock.ts";
import { BUN, ROOT, run } from "../../scripts/machine.ts";
import { type Case, type Figures, repeat } from "./case.ts";
import { makeHome } from "./home.ts";
import { PROGRAMS, programOf } from "../programs.ts";

/** Programs that are started, do one thing and end. */

export const NANOS = join(ROOT, "dist/nanos");

/**
 * Makes what some cases start: the least programs always, nanos where it is missing. Returns the
 * cases that have nothing to start, with the reason.
 */
export async function buildPrograms(
  cases: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const missing = new Map<string, string>();
  for (const [name, program] of Object.entries(PROGRAMS)) {
    if (!cases.includes(name)) continue;
    const flags = ["--compile", "--minify", "--production", "--bytecode", "--splitting"];
    flags.push("--format=esm");
    const closed = ["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];
    const file = join(ROOT, `bench/${program}.ts`);
    const outfile = `--outfile=${programOf(name)}`;
    const ran = await run([...BUN, "build", ...flags, ...closed, outfile, file]);
    if (ran.code !== 0) missing.set(name, `the build of ${file} failed`);
  }
  const started = ["start nanos", "prompt nanos"].filter((name) => cases.includes(name));
  if (started.length === 0 || existsSync(NANOS)) return missing;
  const built = await run([...BUN, "scripts/build.ts"]);
  if (built.code === 0) return missing;
  for (const name of started) missing.set(name, "dist/nanos (npm run build fails)");
  return missing;
}

export const helloVersion: Case = ({ quick }) =>
  starts(quick, [programOf("start hello"), "--version"], {});
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
      start([programOf("prompt bare"), url, "tokens-20", join(dir, `${n++}.db`)], {}),
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
