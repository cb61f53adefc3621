import type { Clock } from "../std/clock.ts";
import { isObject, type JsonObject } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { ENVELOPE } from "../std/mcp.ts";
import { type Call, type Peer, RPC, RpcRefusal } from "../std/rpc.ts";
import { missing, type Resources } from "./resources.ts";

/**
 * Tells a client that what it watches is another than it was. It is looked at by its mark now and
 * then, as another process may have changed it; what is told is that it did, and nothing of it.
 */
export interface Watches {
  /** @throws RpcRefusal for what there is not, and for too many. */
  add(uri: string, peer: Peer): void;
  remove(uri: string): void;
  close(): void;
}

type Marks = Map<string, string>;

interface Watched {
  readonly clock: Clock;
  readonly resources: Pick<Resources, "mark">;
}

/** Watches by `resources/subscribe`, until the client takes them back or goes. */
export function openWatches(watched: Watched): Watches {
  const marks: Marks = new Map();
  const stop = new AbortController();
  let isLooking = false;
  return {
    add: (uri, peer) => {
      mark(watched, marks, uri);
      if (isLooking) return;
      isLooking = true;
      const told = (changed: string): void =>
        peer.notify("notifications/resources/updated", { uri: changed });
      void look(watched, marks, told, stop.signal);
    },
    remove: (uri) => void marks.delete(uri),
    close: () => stop.abort(),
  };
}

/** One `subscriptions/listen`: tells until it is taken back. */
export async function listen(
  watched: Watched,
  { notifications: wanted }: JsonObject,
  { id, peer, signal }: Call,
): Promise<JsonObject> {
  if (!isObject(wanted)) throw new RpcRefusal(RPC.params, "It takes notifications.");
  const { resourceSubscriptions: uris } = wanted;
  const marks: Marks = new Map();
  for (const uri of Array.isArray(uris) ? uris : []) mark(watched, marks, String(uri));
  const _meta = { [ENVELOPE.subscription]: id };
  const kept = [...marks.keys()];
  const notifications = kept.length === 0 ? {} : { resourceSubscriptions: kept };
  peer.notify("notifications/subscriptions/acknowledged", { notifications, _meta });
  const told = (uri: string): void =>
    peer.notify("notifications/resources/updated", { uri, _meta });
  if (kept.length > 0) await look(watched, marks, told, signal);
  return { _meta };
}

function mark({ resources }: Watched, marks: Marks, uri: string): void {
  const now = resources.mark(uri);
  if (now === null) return missing(uri);
  if (marks.size >= LIMITS.clientWatched && !marks.has(uri)) {
    throw new RpcRefusal(RPC.busy, `At most ${LIMITS.clientWatched} resources are watched.`);
  }
  marks.set(uri, now);
}

async function look(
  { clock, resources }: Watched,
  marks: Marks,
  told: (uri: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await clock.sleep(LIMITS.httpLookMs, signal);
    if (signal.aborted) return;
    for (const [uri, was] of marks) {
      const now = resources.mark(uri) ?? was;
      if (now === was) continue;
      marks.set(uri, now);
      told(uri);
    }
  }
}
