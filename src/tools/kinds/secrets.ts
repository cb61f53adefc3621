import { messageOf, NanosError } from "../../std/error.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import { failure } from "../failures.ts";
import { filled, handleOf, handlesIn } from "../handles.ts";
import { valuesOf } from "../scopes.ts";
import type { Reach } from "../tool-host.ts";
import type { Parts } from "./kind.ts";

/** Variables of a program that is about to start, in a shape no `Failure` has. */
export interface Lent {
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The variables of a program, with the secrets its scopes name in them: where a handle stands in
 * `template`, else under the secret's own name. Each is asked for first, so that the gate judges
 * every single use.
 */
export async function lentEnv(
  scopes: readonly Scope[],
  template: Readonly<Record<string, string>>,
  parts: Pick<Parts, "secret">,
  reach: Reach,
): Promise<Lent | Failure> {
  const names = valuesOf(scopes, "secret");
  if (names.length === 0) return { env: template };
  const placed = handlesIn(Object.values(template));
  const own = names.filter((name) => !placed.includes(name));
  const wanted = { ...Object.fromEntries(own.map((name) => [name, handleOf(name)])), ...template };
  const values = new Map<string, string>();
  for (const name of names) {
    const granted = await reach({ kind: "secret", name, host: null });
    if (!granted.ok) return granted.failure;
    try {
      values.set(name, await parts.secret(name));
    } catch (error) {
      if (error instanceof NanosError) return error;
      return failure("tool.failed", messageOf(error));
    }
  }
  const filledIn = Object.entries(wanted).map(([name, text]) => [name, filled(text, values)]);
  return { env: Object.fromEntries(filledIn) as Record<string, string> };
}

/** Asks for the handles in the headers of requests to a host; they stay in their places. */
export async function askFor(
  headers: Readonly<Record<string, string>>,
  host: string | null,
  reach: Reach,
): Promise<Failure | null> {
  for (const name of handlesIn(Object.values(headers))) {
    const granted = await reach({ kind: "secret", name, host: host ?? "" });
    if (!granted.ok) return granted.failure;
  }
  return null;
}
