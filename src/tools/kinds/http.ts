import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import type { ToolFile, ToolManifest } from "../../contracts/tool.ts";
import type { Scope } from "../../contracts/scope.ts";
import { failure } from "../failures.ts";
import { hostFor } from "../handles.ts";
import type { Reach, ToolCall, ToolResult } from "../tool-host.ts";
import { fill, manifestOfFile, misfit, placeholder, placeholders, textOf } from "./arguments.ts";
import { failed, type Kind, labelOf, notAnObject } from "./kind.ts";
import { loadFile } from "./load-file.ts";
import { askFor } from "./secrets.ts";

/**
 * One HTTP request, made by nanos and not by a process: it is asked for like everything a tool
 * asks for, so the gate judges where it really goes. Arguments are put into the URL encoded, so
 * none of them can change the host, the path's depth or another parameter.
 */
export function httpKind(): Kind {
  return {
    name: "http",
    load: (source, spec) => {
      const http = spec?.http;
      if (!spec || !http) return null;
      const template = { url: http.url, headers: http.headers ?? {}, body: http.body ?? null };
      const manifest = manifestOfFile(spec, template as unknown as Json, [hostScope(http.url)]);
      return loadFile(source, { kind: "http", manifest, spec }, (call, reach) =>
        callHttp(http, manifest, call, reach),
      );
    },
    close: async () => undefined,
  };
}

type Http = NonNullable<ToolFile["http"]>;

/** The reach the URL itself declares; any host when that is an argument. */
function hostScope(url: string): Scope {
  const authority = /^https?:\/\/([^/?#]*)/iu.exec(url)?.[1] ?? "";
  if (authority === "" || authority.includes("{")) return "net:*";
  const port = /:\d+$/u.test(authority) ? "" : /^http:/iu.test(url) ? ":80" : ":443";
  return `net:${authority.toLowerCase()}${port}`;
}

async function callHttp(
  http: Http,
  manifest: ToolManifest,
  call: ToolCall,
  reach: Reach,
): Promise<ToolResult> {
  const { args } = call;
  if (!isObject(args)) return notAnObject(call);
  const wrong = await misfit(manifest, args);
  if (wrong) return failed(wrong, "host");
  const climbs = placeholders(http.url).find((name) => /^\.\.?$/u.test(textOf(args[name])));
  if (climbs !== undefined) {
    const message = `The argument ${climbs} of ${call.tool} would change the path of the request.`;
    return failed(failure("tool.bad_arguments", message), "host");
  }
  const url = fill(http.url, args, encodeURIComponent);
  const headers = headersOf(http, args);
  // What an argument brings along stands for nothing.
  const refused = await askFor(http.headers ?? {}, hostFor(url), reach);
  if (refused) return failed(refused, "host");
  const body = http.body === undefined ? null : JSON.stringify(fillJson(http.body, args));
  const granted = await reach({
    kind: "fetch",
    method: http.method,
    url,
    headers: {
      ...(body === null ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    body,
  });
  if (!granted.ok) return failed(granted.failure, "host");
  const output = replyOutput(granted.value);
  return { ok: true, output, isolation: "host", label: labelOf(manifest), staged: null };
}

/** Headers with arguments put in; the handles of secrets stay where they are. */
function headersOf(http: Http, args: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(http.headers ?? {}).map(([name, template]) => [
      name.toLowerCase(),
      fill(template, args, oneLine),
    ]),
  );
}

/** A line break would begin a header of the argument's own. */
function oneLine(value: string): string {
  return value.replaceAll(/[\r\n\0]/gu, " ");
}

/** A body template: a string that is one placeholder becomes the argument itself, typed. */
function fillJson(template: Json, args: JsonObject): Json {
  if (typeof template === "string") {
    const name = placeholder(template);
    return name === null ? fill(template, args, (value) => value) : (args[name] ?? null);
  }
  if (Array.isArray(template)) return template.map((item: Json) => fillJson(item, args));
  if (!isObject(template)) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => [key, fillJson(value, args)]),
  );
}

function replyOutput(value: Json): Json {
  if (!isObject(value)) return value;
  const { status, headers, body, url } = value;
  const type = isObject(headers) ? headers["content-type"] : undefined;
  const json = typeof type === "string" && /[/+]json\b/u.test(type);
  return { status: status ?? 0, url: url ?? "", body: json ? parsed(body) : (body ?? "") };
}

function parsed(body: Json | undefined): Json {
  try {
    return JSON.parse(textOf(body)) as Json;
  } catch {
    return body ?? "";
  }
}
