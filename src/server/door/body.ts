import type { Nanos } from "../../contracts/nanos.ts";
import type { Shape } from "../../contracts/http/wire.ts";
import type { Clock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { Refusal } from "../refusal.ts";

/**
 * The body of a request as its route takes it. Read no further than the limit, and no longer.
 *
 * @throws Refusal `http.too_large`, `http.slow`, `http.bad_json`, `http.invalid`.
 */
export async function bodyOf(
  request: Request,
  { takes: shape, form = false }: { readonly takes: Shape; readonly form?: boolean },
  { clock, nanos }: { readonly clock: Clock; readonly nanos: Pick<Nanos, "server"> },
): Promise<unknown> {
  const text = await textOf(request, clock, nanos.server.bodyBytes ?? LIMITS.httpBodyBytes);
  const given = form ? fieldsOf(text) : jsonOf(text);
  const read = shape.safeParse(given);
  if (read.success) return read.data;
  const [first] = read.error.issues;
  const param = first?.path.join(".") || null;
  const message = `${param ?? "The body"} does not fit: ${first?.message ?? "unknown"}.`;
  throw new Refusal("http.invalid", message, "See /openapi.json.", { param });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal("http.bad_json", "The body is not valid JSON.", "Send one JSON document.");
  }
}

/** The fields of a form, of which each stands there once. */
function fieldsOf(text: string): unknown {
  const all = [...new URLSearchParams(text)];
  const fields = Object.fromEntries(all);
  if (Object.keys(fields).length === all.length) return fields;
  throw new Refusal("http.invalid", "A field of the form is there twice.", "Send each once.");
}

async function textOf(request: Request, clock: Clock, most: number): Promise<string> {
  if (Number(request.headers.get("content-length") ?? 0) > most) throw tooLarge(most);
  if (request.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  const late = new AbortController();
  const slow = clock.sleep(LIMITS.httpBodyMs, late.signal).then(() => "slow" as const);
  const reader = request.body.getReader();
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), slow]);
      if (next === "slow") throw tooSlow();
      if (next.done) return Buffer.concat(chunks).toString("utf8");
      size += next.value.byteLength;
      if (size > most) throw tooLarge(most);
      chunks.push(next.value);
    }
  } finally {
    late.abort();
    reader.cancel().catch(() => undefined);
  }
}

function tooLarge(most: number): Refusal {
  const message = `The body has more than ${most} bytes.`;
  return new Refusal("http.too_large", message, "Send less.");
}

function tooSlow(): Refusal {
  const message = `The body took longer than ${LIMITS.httpBodyMs / 1000} s to arrive.`;
  return new Refusal("http.slow", message, "Send it at once.");
}
