import type { HttpError } from "../contracts/http/wire.ts";
import type { Failure } from "../contracts/outcome.ts";
import { NanosError } from "../std/error.ts";

/** A request that is refused, with the field it is about and what the answer's head says of it. */
export class Refusal extends NanosError {
  readonly param: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    next: string,
    more: {
      readonly param?: string | null;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(code, message, next);
    this.param = more.param ?? null;
    this.headers = more.headers ?? {};
  }
}

/** The status of an error by its code: the whole code first, then its first word, then what is left. */
const STATUS: Readonly<Record<string, number>> = {
  "http.host": 421,
  "http.origin": 403,
  "http.no_key": 401,
  "http.bad_key": 401,
  "http.bad_seat": 401,
  "http.bad_link": 401,
  "http.no_proof": 403,
  "http.operator_only": 403,
  "http.rate": 429,
  "http.not_found": 404,
  "http.method": 405,
  "http.media": 415,
  "http.too_large": 413,
  "http.slow": 408,
  "http.busy": 503,
  "http.draining": 503,
  "http.left": 503,
  "http.disabled": 503,
  "http.rates_lost": 503,
  "http.internal": 500,
  model_not_found: 404,
  "response.unknown": 404,
  "response.running": 409,
  "key.agent": 404,
  "key.unknown": 401,
  "key.expired": 401,
  "key.spent": 429,
  "oauth.invalid_client": 401,
  "agent.unknown": 404,
  "run.unknown": 404,
  "run.foreign": 404,
  "log.unsigned": 404,
  "artifact.unknown": 404,
  "approval.unknown_approval": 404,
  "mission.unknown": 404,
  "memory.unknown": 404,
  "skill.unknown": 404,
  "trait.unknown": 404,
  "step.unknown": 404,
  "plan.missing": 404,
  "schedule.unknown": 404,
  "run.ended": 409,
  "run.busy": 409,
  "run.elsewhere": 409,
  "run.cancelled": 409,
  "run.denied": 403,
  "model.unknown": 400,
  "model.no_embeddings": 400,
  "model.no_dimensions": 400,
  "model.context_full": 400,
  "run.waiting": 409,
  "run.bad_scope": 400,
  run: 502,
  tool: 502,
  model: 502,
  deny: 403,
  journal: 503,
  home: 503,
  secret: 503,
};
const ELSE = 400;

const TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request",
  401: "auth_error",
  403: "permission_error",
  404: "not_found",
  429: "rate_limit_error",
  500: "internal_error",
  502: "provider_error",
  503: "service_unavailable",
};

export function statusOf(code: string): number {
  return STATUS[code] ?? STATUS[code.split(/[.:]/u, 1)[0] ?? ""] ?? ELSE;
}

/** An error as it is sent: what happened and the next thing to do, never where in the code. */
export function errorBody({ code, message, next = "", param = null }: Refused): HttpError {
  const type = TYPES[statusOf(code)] ?? "invalid_request";
  return { error: { message: [message, next].filter(Boolean).join(" "), type, code, param } };
}

/** A failure, with the field of the request it is about. */
type Refused = Failure & { readonly param?: string | null };

/** Anything thrown as what is sent; what is no failure of ours to explain says nothing of itself. */
export function failureOf(error: unknown): NanosError {
  if (error instanceof NanosError) return error;
  const message = "Something went wrong in nanos; nothing more of the request was done.";
  return new NanosError("http.internal", message, "The operator sees why in the log.", error);
}
