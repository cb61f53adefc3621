import { writeFile } from "node:fs/promises";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Config } from "../../contracts/config.ts";
import type { OtlpOptions, OtlpSent } from "../../contracts/evidence.ts";
import { handleOf, hostFor } from "../../tools/handles.ts";
import { note } from "../desk/note.ts";
import type { World } from "../world.ts";
import { attributes, type Span, spansOf } from "./spans.ts";

/**
 * Hands a run to a collector, as OTLP in JSON: into a file, or over HTTP. That it is sent is the
 * operator's own act, so nothing is asked; it is recorded before it begins, goes out by the way
 * requests of tools take, to the host the operator named, and sends what was said only when told to.
 *
 * @throws NanosError `run.unknown`, `otlp.nowhere`, `otlp.refused`, `otlp.bad_url`, `fetch.*`, `secret.*`.
 */
export async function exportOtlp(
  world: Pick<World, "journal" | "fetch" | "version" | "log">,
  run: string,
  named: string | null,
  { contents = false, secret }: OtlpOptions,
  { url, service = "nanos" }: NonNullable<Config["otlp"]> = {},
): Promise<OtlpSent> {
  const to = named ?? url;
  if (to === undefined) {
    const next = "Name it: nanos trace export RUN http://HOST:4318/v1/traces --otlp";
    throw new NanosError("otlp.nowhere", "No collector is named, and none is set up.", next);
  }
  const about = { ...world, service };
  const spans = spansOf(world.journal, run, contents);
  if (!/^https?:/u.test(to)) {
    await writeFile(to, `${JSON.stringify(requestOf(about, spans))}\n`, { mode: 0o600 });
    return { run, to, spans: spans.length };
  }
  const host = hostFor(to);
  if (host === null) {
    const next = "Name the whole address, for example http://127.0.0.1:4318/v1/traces";
    throw new NanosError("otlp.bad_url", "It is no address of a collector.", next);
  }
  await note(world.journal, { kind: "trace.sent", run, host, spans: spans.length, contents });
  for (let i = 0; i < spans.length; i += LIMITS.otlpSpans) {
    const body = JSON.stringify(requestOf(about, spans.slice(i, i + LIMITS.otlpSpans)));
    await send(world, { to, host, body, secret });
  }
  return { run, to, spans: spans.length };
}

async function send(
  world: Pick<World, "fetch">,
  wanted: { to: string; host: string; body: string; secret: string | undefined },
): Promise<void> {
  const { to: url, host, body, secret } = wanted;
  const auth = secret === undefined ? {} : { authorization: handleOf(secret) };
  const headers = { "content-type": "application/json", ...auth };
  const secrets = secret === undefined ? [] : [secret];
  const request = { kind: "fetch", method: "POST", url, headers, body } as const;
  const signal = AbortSignal.timeout(LIMITS.fetchMs);
  const came = await world.fetch(request, { privateOk: [host], secrets }, signal);
  if ("code" in came) {
    throw new NanosError(came.code, came.message, came.next ?? "Is the collector running?");
  }
  if (came.status < 200 || came.status > 299) {
    throw new NanosError(
      "otlp.refused",
      `The collector at ${host} answered with ${came.status}.`,
      "Its address ends with /v1/traces in most collectors; a key goes by --secret NAME.",
    );
  }
}

/** The body of one request, the same for the same spans. */
function requestOf(
  { version, log, service }: Pick<World, "version" | "log"> & { readonly service: string },
  spans: readonly Span[],
): object {
  const resource = {
    attributes: attributes({
      "service.name": service,
      "service.version": version,
      "service.instance.id": log.name,
    }),
  };
  const scopeSpans = [{ scope: { name: "nanos", version }, schemaUrl: SCHEMA, spans }];
  return { resourceSpans: [{ resource, scopeSpans, schemaUrl: SCHEMA }] };
}

/** The conventions the names are of. */
const SCHEMA = "https://opentelemetry.io/schemas/1.37.0";
