import { resolve } from "node:path";
import type { Json, JsonObject } from "../../std/json.ts";
import { isObject } from "../../std/json.ts";
import type { FetchInit, FetchReply, ToolContext } from "../authoring.ts";
import { ToolFailure } from "../authoring.ts";
import { type CallMeta, type Moved, WIRE } from "./wire.ts";

/** Asks nanos for something on behalf of one call; rejects with what nanos answered instead. */
export type AskBack = (method: string, params: JsonObject) => Promise<Json>;

/** The context of one call. `id` is the call's own request id: what it asks for is judged as its own. */
export function contextOf(
  id: Json,
  meta: CallMeta,
  signal: AbortSignal,
  ask: AskBack,
): ToolContext {
  const moved = meta.moved ?? [];
  return {
    workspace: placeOf(meta.workspace, moved),
    path: (path) => placeOf(resolve(meta.workspace, path), moved),
    now: meta.now,
    today: meta.today,
    signal,
    fetch: async (url, init) =>
      replyOf(await ask(WIRE.fetch, { call: id, ...requestOf(url, init) })),
    secret: async (name, host) => {
      const handle = await ask(WIRE.secret, { call: id, name, host });
      if (typeof handle !== "string") throw new ToolFailure("The secret's handle did not arrive.");
      return handle;
    },
    log: (text) => console.error(text),
  };
}

/** Where a real path lies for this call: below the folder that was moved, or where it is. */
export function placeOf(path: string, moved: readonly Moved[]): string {
  for (const { real, staged } of moved) {
    if (path === real || path.startsWith(`${real}/`)) return `${staged}${path.slice(real.length)}`;
  }
  return path;
}

function requestOf(url: string, init: FetchInit = {}): JsonObject {
  return {
    method: (init.method ?? "GET").toUpperCase(),
    url: String(url),
    headers: { ...init.headers },
    body: init.body ?? null,
  };
}

function replyOf(value: Json): FetchReply {
  const { status, headers, body, url } = isObject(value) ? value : {};
  if (typeof status !== "number" || typeof body !== "string") {
    throw new ToolFailure("The answer to a fetch did not arrive whole.");
  }
  return {
    status,
    ok: status >= 200 && status < 300,
    headers: isObject(headers) ? (headers as Readonly<Record<string, string>>) : {},
    url: typeof url === "string" ? url : "",
    text: () => body,
  };
}
