import { clientOf } from "../../contracts/http/key.ts";
import type { RunRequest } from "../../contracts/nanos.ts";
import { assert } from "../../std/error.ts";
import type { Caller } from "../route.ts";

/**
 * Whose words a request is. The cockpit stands where the terminal does: the operator let this one
 * browser in by a link of their own. A key is held by a program, also the operator's own one.
 */
export function askerOf(caller: Caller | null): Pick<RunRequest, "client" | "channel"> {
  assert(caller, "somebody asks");
  return caller.seat ? { channel: channelOf(caller) } : { client: clientOf(caller) };
}

/** Where the operator says what they say with it. */
export function channelOf(caller: Caller | null): string {
  assert(caller, "somebody says it");
  return caller.seat ? "cockpit" : clientOf(caller);
}
