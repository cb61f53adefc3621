import { writeSync } from "node:fs";
import { systemClock } from "../../std/clock.ts";
import { messageOf } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Failure } from "../../contracts/outcome.ts";
import * as authoring from "../authoring.ts";
import { lines } from "../mcp/lines.ts";
import { sendLine } from "./send.ts";
import { serve } from "./serve.ts";
import { noSockets } from "./thrown.ts";

/**
 * Imports one tool file and serves it on standard input and output until standard input ends.
 * `nanos/tool` and `zod` are given to the file from here, so its author installs nothing, and
 * nothing is looked up on disk.
 */
export async function host(file: string): Promise<void> {
  provideModules();
  keepStandardOutput();
  // What nobody catches ends the process: a call left without an answer would hang until its limit.
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  const server = serve(await load(file), (message) => sendLine(JSON.stringify(message)));
  const input = lines(LIMITS.hostLineBytes);
  for await (const chunk of Bun.stdin.stream()) {
    if (input.push(chunk, server.receive) !== null) break;
  }
  // Whoever started this is done or gone. What was asked before may still be answered.
  await Promise.race([server.idle(), systemClock.sleep(LIMITS.lastWordsMs / 2)]);
  process.exit(0);
}

/** Makes `nanos/tool` and `zod` importable, from the copies that are already loaded. */
function provideModules(): void {
  Bun.plugin({
    name: "nanos",
    setup(build) {
      const zod = { ...authoring.z, z: authoring.z, default: authoring.z };
      build.module("nanos/tool", () => ({ exports: { ...authoring }, loader: "object" }));
      build.module("zod", () => ({ exports: zod, loader: "object" }));
    },
  });
}

/** Standard output belongs to the protocol; what a tool prints goes where diagnosis goes. */
function keepStandardOutput(): void {
  const { error } = console;
  for (const name of ["log", "info", "debug", "table", "dir"] as const) console[name] = error;
  // A getter, because touching either stream costs milliseconds most tools never need.
  Object.defineProperty(process, "stdout", { get: () => process.stderr, configurable: true });
  // The sandbox refuses the socket in any case; this says what to use instead.
  globalThis.fetch = Object.assign(
    (input: string | URL | Request): Promise<Response> =>
      Promise.reject(noSockets(hostOf(input instanceof Request ? input.url : String(input)))),
    { preconnect: () => undefined },
  );
}

function crash(error: unknown): never {
  writeSync(2, `${messageOf(error)}\n`);
  process.exit(1);
}

function hostOf(url: string): string {
  try {
    const { hostname, port, protocol } = new URL(url);
    return `${hostname}:${port || (protocol === "http:" ? "80" : "443")}`;
  } catch {
    return "?";
  }
}

async function load(file: string): Promise<authoring.Tool | Failure> {
  try {
    const module = (await import(file)) as { readonly default?: unknown };
    if (authoring.isTool(module.default)) return module.default;
    return { code: "tool.no_tool", message: `${file} does not export a tool.` };
  } catch (error) {
    const why = messageOf(error).slice(0, MAX_MESSAGE);
    return { code: "tool.import_failed", message: `${file} could not be loaded: ${why}` };
  }
}

const MAX_MESSAGE = 2_000;
