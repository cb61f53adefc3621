import type { LookupAddress } from "node:dns";
import { type AddressKind, dialledKind } from "../../std/address.ts";

export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/** Addresses that may be dialled, those of the older kind first, or why there are none. */
export type Dialled =
  | { readonly addresses: readonly LookupAddress[] }
  | { readonly refused: "unresolved" }
  | { readonly refused: "private_address"; readonly address: string };

/** Addresses of one name that are tried, when the first ones do not answer. */
const MAX_ADDRESSES = 3;

/**
 * Resolves a name once. Whoever dials goes to the very addresses given here, so a name that answers
 * differently the second time gains nothing; one bad address spoils the name. `named` says that this
 * host and port were allowed by name, private networks included.
 */
export async function addressesToDial(
  name: string,
  named: boolean,
  signal: AbortSignal,
  resolve: Resolve = systemResolve,
): Promise<Dialled> {
  const literal = literalOf(name);
  let found: readonly LookupAddress[];
  try {
    found = literal ? [literal] : await untilAborted(resolve(name), signal);
  } catch {
    return { refused: "unresolved" };
  }
  if (found.length === 0) return { refused: "unresolved" };
  const bad = found.find(({ address }) => !allowed(dialledKind(address), named, literal !== null));
  if (bad) return { refused: "private_address", address: bad.address };
  return { addresses: found.toSorted((a, b) => a.family - b.family).slice(0, MAX_ADDRESSES) };
}

/** A grant opens private networks by name; link-local and metadata only by their very address. */
function allowed(kind: AddressKind, named: boolean, literal: boolean): boolean {
  return kind === "public" || (named && (kind !== "forbidden" || literal));
}

/** The address a host is, when it is one and no name. */
export function literalOf(name: string): LookupAddress | null {
  if (/^\d+\.\d+\.\d+\.\d+$/u.test(name)) return { address: name, family: 4 };
  return name.includes(":") ? { address: name, family: 6 } : null;
}

async function systemResolve(host: string): Promise<readonly LookupAddress[]> {
  const { lookup } = await import("node:dns/promises");
  return lookup(host, { all: true, verbatim: true });
}

/** The resolver cannot be interrupted; waiting for it can. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((settle, reject) => {
    const stop = (): void => reject(new Error("aborted"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(settle, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
