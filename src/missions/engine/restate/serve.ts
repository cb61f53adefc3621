import { createPublicKey } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import type { ServerUp } from "../../../contracts/engine.ts";
import { openKey } from "../../../home/keys.ts";
import type { Boxed, Sandbox } from "../../../sandbox/sandbox.ts";
import type { Clock } from "../../../std/clock.ts";
import { NanosError } from "../../../std/error.ts";
import { LIMITS } from "../../../std/limits.ts";
import { plainText } from "../../../std/text.ts";
import { type ServerPlace, serverConfig } from "./config.ts";

/** What a server is started with. */
export interface Serving {
  readonly sandbox: Pick<Sandbox, "start">;
  readonly clock: Clock;
  /** Its program, absolute. */
  readonly program: string;
  /** Where its settings, its key and its data are, absolute. Made where it is not there. */
  readonly dir: string;
  /** First of three ports; those its makers chose where nothing is said. */
  readonly listen?: number;
}

/**
 * Serves until aborted, and says where once missions are taken. It is the operator's own program,
 * started because they said so: it listens, which no box of ours holds, and gets nothing of a run.
 *
 * @throws NanosError `engine.port_taken`, `engine.server_ended`, `key.*`, `sandbox.*`.
 */
export async function serve(
  serving: Serving,
  signal: AbortSignal,
  onUp: (up: Omit<ServerUp, "isKept">) => Promise<void>,
): Promise<void> {
  const { clock, dir } = serving;
  const { ports, file, identityKey } = await settingsIn(serving);
  const server = await started(serving, file);
  const over = new AbortController();
  const ended = server.ended.then(() => over.abort());
  const stop = (): void => void server.stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) stop();
    const [url, admin] = [`http://127.0.0.1:${ports.ingress}/`, `http://127.0.0.1:${ports.admin}/`];
    const isUp = await comesUp([`${admin}health`, `${url}restate/health`], clock, over.signal);
    if (isUp) await onUp({ url, admin, identityKey, dir });
    // What it says is counted anew each minute, as it may serve for months.
    while (!over.signal.aborted) {
      server.renew(null);
      await clock.sleep(60_000, over.signal);
    }
    await ended;
    if (!signal.aborted) throw serverEnded(server.stderr(), isUp);
  } finally {
    signal.removeEventListener("abort", stop);
    await server.stop();
  }
}

/** The key requests to workers are signed with, as whoever checks them is told of it. */
export function identityIn(dir: string): Pick<ServerPlace, "identity"> & { identityKey: string } {
  const identity = join(dir, "identity.key");
  const pem = openKey(identity, "the server makes another one").publicKey();
  const raw = createPublicKey(pem).export({ type: "spki", format: "der" }).subarray(-32);
  return { identity, identityKey: `publickeyv1_${base58(raw)}` };
}

async function settingsIn({ dir, listen }: Serving): Promise<{
  readonly ports: Pick<ServerPlace, "ingress" | "admin" | "node">;
  readonly file: string;
  readonly identityKey: string;
}> {
  const ports =
    listen === undefined ? PORTS : { ingress: listen, admin: listen + 1, node: listen + 2 };
  for (const port of Object.values(ports)) await refuseTaken(port);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const { identity, identityKey } = identityIn(dir);
  const file = join(dir, "restate.toml");
  await writeFile(file, serverConfig({ dir, ...ports, identity }), { mode: 0o600 });
  return { ports, file, identityKey };
}

/** As its makers chose them. */
const PORTS = { ingress: 8080, admin: 9070, node: 5122 };

/** @throws NanosError `engine.port_taken`. */
async function refuseTaken(port: number): Promise<void> {
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (isFree) return;
  throw new NanosError(
    "engine.port_taken",
    `Another process listens at port ${port}.`,
    "If it is a Restate server: nanos engine restate --url URL. Else take other ports: nanos engine restate --listen PORT",
  );
}

async function started({ sandbox, program, dir }: Serving, file: string): Promise<Boxed> {
  const server = await sandbox.start({
    run: { kind: "server", argv: [program, "--config-file", file, "--no-logo"] },
    cwd: dir,
    box: {
      ...{ reads: [], writes: [], net: { kind: "none" }, exec: [] },
      env: { DO_NOT_TRACK: "1" },
      limits: {
        ms: LIMITS.engineServerMs,
        memoryBytes: LIMITS.engineServerBytes,
        processes: LIMITS.toolProcesses,
        cpuSeconds: 0,
        outputBytes: LIMITS.engineServerSays,
        stageBytes: 0,
      },
    },
    stage: null,
  });
  if ("code" in server) throw new NanosError(server.code, server.message, server.next ?? "");
  void drained(server.stdout);
  return server;
}

/** What it says goes nowhere; the last of its errors are kept for when it ends. */
async function drained(said: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of said) continue;
}

/** False where it ended before, as it does when it takes too long. */
async function comesUp(urls: readonly string[], clock: Clock, over: AbortSignal): Promise<boolean> {
  while (!over.aborted) {
    const up = await Promise.all(urls.map((url) => isUp(url, over)));
    if (!up.includes(false)) return true;
    await clock.sleep(50, over);
  }
  return false;
}

async function isUp(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await fetch(url, { signal })).ok;
  } catch {
    return false;
  }
}

/** As bitcoin writes numbers: no two digits look alike. */
function base58(bytes: Uint8Array): string {
  let rest = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  let text = "";
  for (; rest > 0n; rest /= 58n) text = DIGITS.charAt(Number(rest % 58n)) + text;
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return "1".repeat(Math.max(0, zeros)) + text;
}

const DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

function serverEnded(said: string, wasUp: boolean): NanosError {
  const last = plainText(said).trim().split("\n").slice(-4).join(" ").slice(-600);
  return new NanosError(
    "engine.server_ended",
    `The Restate server ${wasUp ? "ended by itself" : "did not begin"}${last === "" ? "." : `: ${last}`}`,
    "Start it again: nanos engine restate. If it ends again, its settings and data are in machine/restate of this home.",
  );
}
