import { parseAddress } from "../std/address.ts";

/**
 * A handle stands for a stored secret wherever its value may not be: in what a tool says, asks for
 * and writes down. The value takes its place at the boundary alone.
 */

/** The handle of a secret: `{secret:NAME}`. */
export function handleOf(name: string): string {
  return `{secret:${name}}`;
}

/** Names of the secrets whose handles stand in these texts, each once. */
export function handlesIn(texts: Iterable<string>): readonly string[] {
  const names = new Set<string>();
  for (const text of texts) {
    for (const [, name = ""] of text.matchAll(HANDLE)) names.add(name);
  }
  return [...names];
}

const HANDLE = /\{secret:([A-Za-z_][A-Za-z0-9_.-]{0,127})\}/gu;

/** The text with the handles of these secrets replaced by their values; others stay as they are. */
export function filled(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(HANDLE, (handle, name: string) => values.get(name) ?? handle);
}

/** `host:port` of an address, for which a handle is asked; null when it has none. */
export function hostFor(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, hostname, port } = new URL(url);
  return parseAddress(`${hostname}:${port || (protocol === "http:" ? "80" : "443")}`)?.text ?? null;
}
