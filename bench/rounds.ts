import { type ChildProcess, spawn } from "node:child_process";
import { messageOf } from "../src/std/error.ts";
import { BUN, ROOT, run } from "../scripts/machine.ts";
import type { Figures, Given } from "./cases/case.ts";

/** What a case gave in each round, or why it gave nothing. */
export type Found = { readonly rounds: readonly Figures[] } | { readonly why: string };

/** A case that takes longer has failed. */
const CASE_MS = 180_000;

/**
 * Runs cases in turn, each time in a fresh process, for a number of rounds. The order is turned
 * round every other time, so that none always runs after the same one. A case that fails once is
 * not run again.
 */
export async function takeTurns(
  cases: readonly string[],
  rounds: number,
  given: Given,
): Promise<Map<string, Found>> {
  const found = new Map<string, Figures[]>(cases.map((name) => [name, []]));
  const failed = new Map<string, string>();
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? cases : cases.toReversed()) {
      if (failed.has(name)) continue;
      const one = await runCase(name, given);
      if ("why" in one) failed.set(name, one.why);
      else found.get(name)?.push(one.figures);
    }
  }
  return new Map(
    cases.map((name) => {
      const why = failed.get(name);
      return [name, why === undefined ? { rounds: found.get(name) ?? [] } : { why }];
    }),
  );
}

async function runCase(
  name: string,
  given: Given,
): Promise<{ readonly figures: Figures } | { readonly why: string }> {
  const argv = [...BUN, "--no-install", "bench/child.ts", name, JSON.stringify(given)];
  // Bun's fetch keeps to 256 requests at once unless told otherwise.
  const env = { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: "4096" };
  const ran = await run(argv, { cwd: ROOT, env, ms: CASE_MS });
  const last = ran.stdout.trim().split("\n").at(-1) ?? "";
  try {
    const said = JSON.parse(last) as { figures: Figures } | { why: string };
    return said;
  } catch (error) {
    const end = ran.text.trim().slice(-300).replaceAll(/\s+/gu, " ");
    return { why: `it ended with ${ran.code} and no figures: ${end || messageOf(error)}` };
  }
}

/** The mock model in a process of its own. */
export interface Mock {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the mock. @throws Error when it does not say where it listens. */
export async function startMock(): Promise<Mock> {
  const argv = [...BUN, "--no-install", "bench/mock.ts"];
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] });
  const gone = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const url = await firstLine(child);
  return {
    url,
    close: () => {
      child.stdin.end();
      return gone;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("\n")) resolve(text.trim());
    });
    child.on("error", reject);
    child.on("close", () => reject(new Error("the mock ended before it listened")));
  });
}
