/** What the beginning of a TLS connection says of the host it is for. */
export type Hello =
  /** The greeting is not all there yet. */
  | { readonly kind: "part" }
  | { readonly kind: "hello"; readonly name: string | null }
  /** No TLS, or a greeting that names its host in more than one way. */
  | { readonly kind: "none" };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;

/** Reads the host a TLS client asks for (RFC 8446, RFC 6066) from the first bytes it sends. */
export function readHello(bytes: Uint8Array): Hello {
  const message = handshakeIn(bytes);
  if (message === null) return { kind: "none" };
  if (message === "part") return { kind: "part" };
  try {
    return { kind: "hello", name: nameIn(extensionsOf(message)) };
  } catch {
    return { kind: "none" };
  }
}

/** The first handshake message, put together from as many records as it was sent in. */
function handshakeIn(bytes: Uint8Array): Cursor | "part" | null {
  const parts: Uint8Array[] = [];
  let have = 0;
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== HANDSHAKE || (at + 1 < bytes.length && bytes[at + 1] !== 3)) return null;
    if (at + 5 > bytes.length) return "part";
    const length = ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0);
    if (length === 0) return null;
    const part = bytes.subarray(at + 5, at + 5 + length);
    parts.push(part);
    have += part.length;
    const message = Buffer.concat(parts, have);
    if (message[0] !== undefined && message[0] !== CLIENT_HELLO) return null;
    const whole = message.length < 4 ? Infinity : message.readUIntBE(1, 3) + 4;
    if (have >= whole) return new Cursor(message.subarray(4, whole));
    if (part.length < length) return "part";
    at += 5 + length;
  }
  return "part";
}

function extensionsOf(hello: Cursor): Cursor {
  hello.take(2 + 32);
  hello.sized(1);
  hello.sized(2);
  hello.sized(1);
  return hello.empty ? hello : hello.sized(2);
}

function nameIn(extensions: Cursor): string | null {
  let name: string | null = null;
  while (!extensions.empty) {
    const type = extensions.number(2);
    const value = extensions.sized(2);
    if (type !== SERVER_NAME) continue;
    const list = value.sized(2);
    const kind = list.number(1);
    const text = list.sized(2).text();
    if (name !== null || kind !== 0 || !list.empty || !value.empty) throw new Error("two names");
    name = text;
  }
  return name;
}

/** Takes a message apart from its front. @throws Error where it ends too early. */
class Cursor {
  #rest: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#rest = bytes;
  }

  get empty(): boolean {
    return this.#rest.length === 0;
  }

  take(length: number): Uint8Array {
    if (length > this.#rest.length) throw new Error("too short");
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }

  number(bytes: number): number {
    return this.take(bytes).reduce((value, byte) => value * 256 + byte, 0);
  }

  /** What a length of so many bytes stands before. */
  sized(bytes: number): Cursor {
    return new Cursor(this.take(this.number(bytes)));
  }

  text(): string {
    return Buffer.from(this.#rest).toString("latin1");
  }
}
