import type { EmbedWish, ModelRequest, Price, Setting } from "../../contracts/model.ts";
import type { Json, JsonObject } from "../../std/json.ts";
import type { Answer } from "../answer.ts";

/** How one provider's protocol is written and read; everything around it is shared. */
export interface Wire {
  /** The provider's id of the model; for failures. */
  readonly id: string;
  /** Where requests are posted. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The key that is in the headers; null when there is none. */
  readonly secret: string | null;
  /** `sse`: server-sent events. `ndjson`: a JSON value in every line. */
  readonly framing: "sse" | "ndjson";
  /** What it costs, where the wire knows more of it than the config says. */
  readonly price?: Price;
  /** True when small models behind it may print calls or reasoning as text. */
  readonly screened: boolean;
  /** Settings the body holds where a request has them. */
  readonly takes: readonly Setting[];
  /** The request as JSON text. */
  body(request: ModelRequest): string;
  /** Makes what reads one answer. */
  reader(answer: Answer): FrameReader;
  /** How vectors are asked for, where the provider makes them. */
  readonly embeds?: EmbedWire;
  /** A refusal the wire can avoid by writing the request differently: true after it changed. */
  adapt?(status: number, message: string): boolean;
}

/** One request for vectors, and the one JSON document it is answered with. */
export interface EmbedWire {
  readonly url: string;
  body(wish: EmbedWish): string;
  /** The vectors in their order, tells the answer the rest; null for what holds none. */
  read(document: JsonObject, answer: Answer): readonly Json[] | null;
}

/** Tells an answer what the frames of one stream mean. */
export interface FrameReader {
  /** Called with every frame, in order. */
  frame(value: Json): void;
  /** The stream has ended as HTTP; for wires that have no mark of their own for the end. */
  over?(): void;
}

/** `host:port` of a URL, with the port a scheme implies. */
export function hostOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === "http:" ? "80" : "443")}`;
}

/** True when `host:port` is on this machine for certain. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]):\d+$/u.test(host);
}
