import type { Failure } from "../../contracts/outcome.ts";
import { isObject, type Json } from "../../std/json.ts";
import { modelFailure, type Facts, type ModelFailureCode } from "../failures.ts";

/** What a provider said when it refused, in whatever shape it said it. */
export interface Refusal {
  /** HTTP status, or the number an error frame carries; 0 when there is none. */
  readonly status: number;
  /** Machine-readable words: `type` and `code` of the error. */
  readonly words: string;
  /** The sentence for people. */
  readonly message: string;
}

/** Which failure a refusal is. The sentence is the provider's; secrets are taken out of it. */
export function refused(refusal: Refusal, facts: Facts, secret: string | null): Failure {
  const code = codeOf(refusal);
  // What is said about a wrong key often contains the key, masked or not.
  const quiet = code === "model.unauthorized";
  return modelFailure(code, facts, quiet ? "" : withoutSecret(refusal.message, secret));
}

/** Reads the body of an error response, or an error frame inside a stream. */
export function refusalIn(status: number, body: string): Refusal {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { status, words: "", message: body };
  }
  return refusalOf(value as Json, status, body);
}

/** The same for a value that is already parsed. `raw` is what is shown when nothing is found. */
export function refusalOf(value: Json, status: number, raw: string): Refusal {
  const found = Array.isArray(value) ? (value[0] as Json) : value;
  if (!isObject(found)) return { status, words: "", message: raw };
  const error = found["error"] ?? found["detail"] ?? found;
  if (typeof error === "string") {
    const type = found["type"];
    return { status, words: typeof type === "string" ? type : "", message: error };
  }
  if (!isObject(error)) return { status, words: "", message: raw };
  const number = [error["code"], error["status"], found["code"]].find(isStatus);
  return {
    status: status === 0 ? (number ?? 0) : status,
    words: [error["type"], error["code"]].filter((word) => typeof word === "string").join(" "),
    message: typeof error["message"] === "string" ? error["message"] : raw,
  };
}

/** `text` with the key and what remains of a bearer header taken out. */
export function withoutSecret(text: string, secret: string | null): string {
  const clean = secret === null ? text : text.replaceAll(secret, "***");
  return clean.replace(/\bsk-[\w*-]{6,}/gu, "***");
}

function codeOf({ status, words, message }: Refusal): ModelFailureCode {
  const said = `${words} ${message}`;
  if (CONTEXT.test(said) && (status < 500 || status === 0)) return "model.context_full";
  if (QUOTA.test(said) || status === 402) return "model.quota";
  if (status === 429 || /rate_limit|too_many_requests/iu.test(words)) return "model.rate_limited";
  if (status === 503 || status === 529 || /overloaded/iu.test(words)) return "model.overloaded";
  if (status >= 500 || status === 408 || status === 409) return "model.provider_error";
  if (status === 401 || /authentication/iu.test(words)) return "model.unauthorized";
  if (status === 403 || /permission/iu.test(words)) return "model.forbidden";
  if (NO_TOOLS.test(message)) return "model.tools_unsupported";
  if (NO_MODEL.test(said)) return "model.not_found";
  // LM Studio says so with status 200.
  if (status === 404 || status === 405 || /unexpected endpoint/iu.test(message))
    return "model.wrong_url";
  if (status === 413) return "model.context_full";
  if (status >= 400 || /invalid_request/iu.test(words)) return "model.bad_request";
  return "model.provider_error";
}

function isStatus(value: unknown): value is number {
  return typeof value === "number" && value >= 400 && value < 600;
}

const CONTEXT =
  /context_length|exceed_context|context (?:length|window|size)|maximum context|too many tokens|prompt is too long|input is too long|too long for/iu;
const QUOTA = /insufficient_quota|billing_|credit balance/iu;
const NO_TOOLS = /not support (?:tools|function|tool)/iu;
const NO_MODEL =
  /model_not_found|not_found_error|\bmodel\b.{0,200}(?:not found|not exist|not loaded|no such)|(?:no such|unknown|invalid) model|no models? (?:is |are )?loaded/isu;
