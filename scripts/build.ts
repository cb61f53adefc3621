/**
 * `npm run build`: makes `dist/nanos`, one file that needs no Node, npm or checkout.
 * What lies in the folder it is started from (bunfig.toml, .env) is neither run nor read.
 */
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GUEST_ASSET, guestCode } from "../src/tools/runtime/pure/guest-code.ts";
import { ROOT, run } from "./machine.ts";
import { cockpit } from "./build/cockpit.ts";
import { slim } from "./release/slim.ts";

/** The binary may not be larger; most of it is the runtime. */
const MOST_BYTES = 130_000_000;

/** Compiles the command to `outfile`. @throws Error with the compiler's output. */
export async function build(
  outfile: string,
  /** The machine it is for, as `linux-arm64`, with the runtime of that machine; this one's else. */
  other?: { readonly target: string; readonly runtime: string },
): Promise<{ readonly bytes: number }> {
  mkdirSync(dirname(outfile), { recursive: true });
  await cockpit();
  // The engine's half of the tool host, which is no code of the binary but text to it.
  const guest = join(ROOT, GUEST_ASSET);
  writeFileSync(guest, await guestCode());
  try {
    await Bun.build({
      ...settings(outfile, other),
      entrypoints: [join(ROOT, "src/cli/main.ts")],
      plugins: [slim],
    });
  } catch (error) {
    const reasons = error instanceof AggregateError ? error.errors : [error];
    throw new Error(`the build failed:\n${reasons.join("\n")}`, { cause: error });
  } finally {
    rmSync(guest);
  }
  const bytes = statSync(outfile).size;
  if (bytes > MOST_BYTES) throw new Error(`${outfile} has ${bytes} bytes, ${MOST_BYTES} allowed`);
  return { bytes };
}

/** How it is compiled; what lies in the folder it will be started from is neither run nor read. */
function settings(
  outfile: string,
  other: Parameters<typeof build>[1],
): Omit<Bun.BuildConfig, "entrypoints"> {
  return {
    target: "bun",
    root: ROOT,
    format: "esm",
    minify: true,
    splitting: true,
    define: { "process.env.NODE_ENV": '"production"' },
    bytecode: true,
    // What lies deeper is compiled when it is called: 1.4 MB less, and a run begins 3 % later.
    bytecodeDepth: 2,
    compile: {
      outfile,
      ...(other
        ? {
            target: `bun-${other.target}` as Bun.Build.CompileTarget,
            executablePath: other.runtime,
          }
        : {}),
      assets: ["starters", "verifier", "web", "docs/reference/errors.md", GUEST_ASSET],
      autoloadDotenv: false,
      autoloadBunfig: false,
      // Without package.json it could not load the packages an operator adds, as a model's engine.
      autoloadPackageJson: true,
    },
  };
}

if (import.meta.main) {
  const outfile = join(ROOT, process.argv[2] ?? "dist/nanos");
  const { bytes } = await build(outfile);
  const version = await run([outfile, "--version"], { env: {} });
  if (version.code !== 0) throw new Error(`it does not start:\n${version.text}`);
  console.log(`${outfile}: ${(bytes / 1e6).toFixed(1)} MB, version ${version.stdout.trim()}`);
}
