import { isAbsolute, normalize } from "node:path";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Mapped } from "../../sandbox/sandbox.ts";
import { failure } from "../failures.ts";
import type { Asks, Reply } from "../mcp/link.ts";
import { placeOf } from "../runtime/context.ts";
import type { PermitKind, Reach, Wanted } from "../tool-host.ts";
import type { StageFiles } from "./files.ts";
import type { Terminals } from "./terminals.ts";

/**
 * Our side of the protocol: what an agent asks its client for. Each of it goes through `reach` and
 * is judged there. A yes from here gives it nothing its box does not: it tells the agent to go on.
 */
export function clientAsks(given: {
  readonly name: string;
  /** Where real paths lie for the process. */
  readonly mapping: readonly Mapped[];
  readonly reach: Reach;
  /** The files it has read and written for it; null where it has none. */
  readonly files: StageFiles | null;
  /** The programs it has started for it; null where it has none. */
  readonly terminals: Terminals | null;
  /** The session that goes on, once there is one. */
  readonly session: () => string | null;
  readonly signal: AbortSignal;
}): Asks {
  const { name, mapping, reach, files, terminals, session, signal } = given;
  const back = mapping.map(({ real, staged }) => ({ real: staged, staged: real }));
  const real = (path: string): string => normalize(placeOf(path, back));
  return async (method, params) => {
    if (terminals && method.startsWith("terminal/")) {
      return terminals.answer(session(), method, params);
    }
    switch (method) {
      case "session/request_permission": {
        const granted = await reach(permitFor(params, real));
        const stopped = signal.aborted || (!granted.ok && granted.failure.code === "ask.waiting");
        return { ok: true, result: { outcome: choice(params, stopped ? null : granted.ok) } };
      }
      case "fs/read_text_file":
      case "fs/write_text_file": {
        const { path, content } = params;
        const isText = method === "fs/read_text_file" || typeof content === "string";
        if (!files || typeof path !== "string" || !isAbsolute(path) || !isText) break;
        return fileFor({ reach, files }, { ...params, path: real(path) });
      }
    }
    const message = `${name} asked for ${method.slice(0, 64)}, which is not offered so.`;
    return { ok: false, failure: failure("acp.protocol", message), rpc: NOT_OFFERED };
  };
}

const NOT_OFFERED = { code: -32601, data: null };

/** Its question as something wanted, its paths as they really are. */
function permitFor(
  { toolCall }: JsonObject,
  real: (path: string) => string,
): Extract<Wanted, { kind: "permit" }> {
  const call = isObject(toolCall) ? toolCall : {};
  const { kind, title, locations, content, rawInput = null } = call;
  const diffs = (Array.isArray(content) ? (content as Json[]) : []).filter(
    (one) => isObject(one) && one["type"] === "diff",
  );
  const places = [...(Array.isArray(locations) ? (locations as Json[]) : []), ...diffs];
  const paths = places.flatMap((one) => {
    const path = isObject(one) ? one["path"] : null;
    return typeof path === "string" && isAbsolute(path) ? [real(path)] : [];
  });
  const url = isObject(rawInput) && typeof rawInput["url"] === "string" ? rawInput["url"] : null;
  return {
    kind: "permit",
    what: KINDS.has(kind as PermitKind) ? (kind as PermitKind) : "other",
    title: typeof title === "string" ? title.slice(0, MAX_TITLE) : "",
    paths: [...new Set(paths)].slice(0, MAX_PATHS),
    url,
    input: rawInput,
  };
}

const KINDS: ReadonlySet<PermitKind> = new Set([
  "read",
  "search",
  "edit",
  "delete",
  "move",
  "execute",
  "fetch",
  "think",
]);
const MAX_TITLE = 1_000;
const MAX_PATHS = 64;

/** The option that says it: for this once where there is one, so that the next use is asked again. */
function choice({ options }: JsonObject, allow: boolean | null): Json {
  if (allow === null) return { outcome: "cancelled" };
  const all = (Array.isArray(options) ? (options as Json[]) : []).filter(isObject);
  const kinds = allow ? ["allow_once", "allow_always"] : ["reject_once", "reject_always"];
  for (const kind of kinds) {
    const optionId = all.find((one) => one["kind"] === kind)?.["optionId"];
    if (typeof optionId === "string") return { outcome: "selected", optionId };
  }
  return { outcome: "cancelled" };
}

/** Reads or writes a file for it, once that is allowed; what is written lies in its stage. */
async function fileFor(
  { reach, files }: { readonly reach: Reach; readonly files: StageFiles },
  params: JsonObject & { readonly path: string },
): Promise<Reply> {
  const { path, content, line, limit } = params;
  const what = typeof content === "string" ? "edit" : "read";
  const title = `${what === "edit" ? "write" : "read"} ${path}`;
  const granted = await reach({
    kind: "permit",
    what,
    title,
    paths: [path],
    url: null,
    input: null,
  });
  if (!granted.ok) return granted;
  const came: string | Failure =
    typeof content === "string" ? files.write(path, content) : files.read(path);
  if (typeof came !== "string") return { ok: false, failure: came };
  if (what === "edit") return { ok: true, result: {} };
  return { ok: true, result: { content: linesOf(came, line, limit) } };
}

/** Lines from `line`, 1 for the first, at most `limit`. */
function linesOf(text: string, line: Json | undefined, limit: Json | undefined): string {
  const from = typeof line === "number" && line > 1 ? Math.floor(line) - 1 : 0;
  const most = typeof limit === "number" && limit >= 0 ? from + Math.floor(limit) : undefined;
  if (from === 0 && most === undefined) return text;
  return text.split("\n").slice(from, most).join("\n");
}
