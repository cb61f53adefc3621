import type { Clock } from "../../../std/clock.ts";
import { NanosError, messageOf } from "../../../std/error.ts";
import type { Json } from "../../../std/json.ts";
import { LIMITS } from "../../../std/limits.ts";

/**
 * Calls handlers of a service by their key, through Restate's ingress. What is called does the same
 * when it is called twice, so a call is tried again while nobody answers.
 */
export interface Ingress {
  /** Resolves with what a worker answered. @throws NanosError `engine.unreachable`. */
  call<T>(key: string, handler: string, parameter?: unknown, ms?: number): Promise<T>;
  /** Resolves once Restate has written it down; a worker may do it later. Throws the same. */
  send(key: string, handler: string, parameter?: unknown): Promise<void>;
}

export function ingress(url: string, service: string, clock: Clock): Ingress {
  const call = async <T>(path: string, parameter: unknown, ms: number): Promise<T> => {
    const target = new URL(`${service}/${path}`, withSlash(url));
    const until = clock.elapsed() + ms;
    for (let wait = 25; ; wait = Math.min(wait * 2, 1_000)) {
      try {
        return await post(target, parameter as Json, Math.max(1, until - clock.elapsed()));
      } catch (error) {
        if (clock.elapsed() + wait >= until) throw unreachable(url, error);
        await clock.sleep(wait);
      }
    }
  };
  const pathOf = (key: string, handler: string): string => `${encodeURIComponent(key)}/${handler}`;
  return {
    call: (key, handler, parameter = null, ms = LIMITS.engineCallMs) =>
      call(pathOf(key, handler), parameter, ms),
    send: (key, handler, parameter = null) =>
      call(`${pathOf(key, handler)}/send`, parameter, LIMITS.engineCallMs),
  };
}

async function post<T>(target: URL, parameter: Json, ms: number): Promise<T> {
  const response = await fetch(target, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(parameter),
    signal: AbortSignal.timeout(ms),
  });
  const text = await response.text();
  if (!response.ok) throw new Refused(`${response.status} ${text.slice(0, 200)}`);
  return (text === "" ? null : JSON.parse(text)) as T;
}

const MS = LIMITS.engineCallMs;

/**
 * Tells Restate where the workers of a space are reached; it looks there at once.
 *
 * @throws NanosError `engine.unreachable`, `engine.refused`.
 */
export async function register(admin: string, address: string): Promise<void> {
  try {
    await post(new URL("deployments", withSlash(admin)), { uri: address, force: true }, MS);
  } catch (error) {
    if (!(error instanceof Refused)) throw unreachable(admin, error);
    throw new NanosError(
      "engine.refused",
      `Restate at ${admin} does not take this worker: ${error.message}`,
      "If it signs with another key than this home knows: nanos engine restate --url URL --identity-key KEY",
    );
  }
}

/** It answered, and not with what was asked for. */
class Refused extends Error {}

function withSlash(url: string): string {
  return url.endsWith("/") ? url : `${url}/`;
}

function unreachable(url: string, error: unknown): NanosError {
  return new NanosError(
    "engine.unreachable",
    `Restate does not answer at ${url}: ${messageOf(error)}.`,
    "Start one here: nanos engine restate. Or say where it is: nanos engine restate --url URL",
  );
}
