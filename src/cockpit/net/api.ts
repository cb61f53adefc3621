import type { HttpError } from "../../contracts/http/wire.ts";

/**
 * What the server is asked and what it answered. The browser's cookie says who asks; the proof, which
 * this origin alone keeps, that it is this page and no other.
 */
const PROOF = "x-nanos-proof";

/** What an answer of that shape is. */
export type Of<S extends { readonly _zod: { readonly output: unknown } }> = S["_zod"]["output"];

/** Why a request came to nothing, in words for the one who looks. */
export class Failed extends Error {
  override readonly name = "Failed";
  /** 0 where nobody answered. */
  readonly status: number;
  /** Stable and dotted, or a reason of the gate. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** @throws Failed. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await ask(path, { ...(signal ? { signal } : {}) });
  return (await response.json()) as T;
}

/** @throws Failed. */
export async function send<T>(method: "POST" | "DELETE", path: string, body?: object): Promise<T> {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await ask(path, { method, ...json });
  return (await response.json()) as T;
}

/** The answer as it comes: events, or bytes. @throws Failed. */
export async function ask(path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set(PROOF, localStorage.getItem(PROOF) ?? "");
  if (init.body !== undefined) headers.set("content-type", "application/json");
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    // net.lost -> Start it where it ran: nanos serve.
    throw new Failed(0, "net.lost", "The server does not answer. Is nanos serve running?");
  }
  if (response.ok) return response;
  throw await failureOf(response);
}

async function failureOf(response: Response): Promise<Failed> {
  try {
    const { error } = (await response.json()) as HttpError;
    return new Failed(response.status, error.code, error.message);
  } catch {
    // net.answer -> Look at the lines nanos serve writes, or load the page anew.
    return new Failed(response.status, "net.answer", `The server answered ${response.status}.`);
  }
}

/** What went wrong, for a person. */
export function saidBy(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
