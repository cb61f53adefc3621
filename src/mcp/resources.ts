import type { Nanos } from "../contracts/nanos.ts";
import { NanosError } from "../std/error.ts";
import type { JsonObject } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { RPC, RpcRefusal } from "../std/rpc.ts";
import { firstLine, plainJson } from "../std/text.ts";
import type { Served } from "./tool.ts";

/** What can be read by an address: agents, missions, artifacts, and the events of runs. */
export interface Resources {
  list(): readonly JsonObject[];
  templates(): readonly JsonObject[];
  /** @throws RpcRefusal for what there is not. */
  read(uri: string): JsonObject;
}

const KINDS = {
  agents: "An agent: what it is for and what it has.",
  missions: "A mission with its tasks.",
  artifacts: "A result that was kept, as it is.",
  runs: "Every event of a run, one a line.",
} as const;

export function resourcesOf({ nanos, narrow }: Served): Resources {
  if (narrow) return { list: () => [], templates: () => [], read: (uri) => missing(uri) };
  return {
    list: () => [
      ...nanos.agents.list().map(({ manifest: { name, description } }) => {
        return entry("agents", name, name, description);
      }),
      ...nanos.missions.list(NEWEST).map(({ run, plan }) => entry("missions", run, plan, plan)),
      ...nanos.vault.list({ limit: NEWEST }).map(({ id, title, version }) => {
        return entry("artifacts", id, title, `version ${version}`);
      }),
      ...nanos.traces.list({ limit: NEWEST }).map(({ run, request }) => {
        return entry("runs", run, run, request);
      }),
    ],
    templates: () =>
      Object.entries(KINDS).map(([kind, description]) => {
        return { uriTemplate: `nanos://${kind}/{id}`, name: kind, description };
      }),
    read: (uri) => {
      const [, kind = "", id = ""] = /^nanos:\/\/([a-z]+)\/([\w.-]{1,256})$/u.exec(uri) ?? [];
      try {
        return { uri, ...contentOf(nanos, kind, id, uri) };
      } catch (error) {
        if (error instanceof NanosError) return missing(uri, error);
        throw error;
      }
    },
  };
}

/** How many of each kind a list names; the others are found by their tools. */
const NEWEST = 50;

function entry(kind: string, id: string, name: string, about: string): JsonObject {
  const said = { name: firstLine(name), description: firstLine(about, 200) };
  return { uri: `nanos://${kind}/${encodeURIComponent(id)}`, ...said };
}

function contentOf(nanos: Nanos, kind: string, id: string, uri: string): JsonObject {
  switch (kind) {
    case "agents": {
      const { manifest, file } = nanos.agents.show(id);
      return document({ ...manifest, file });
    }
    case "missions":
      return document(nanos.missions.show(id));
    case "artifacts": {
      const text = artifactText(nanos, id);
      if (text !== null) return { mimeType: "text/plain", text };
      const blob = Buffer.from(nanos.vault.get(id)).toString("base64");
      return { mimeType: "application/octet-stream", blob };
    }
    case "runs": {
      if (nanos.traces.line(id) === null) return missing(uri);
      const text = nanos.traces
        .events(id)
        .map((one) => JSON.stringify(one))
        .join("\n");
      if (text.length > LIMITS.artifactBytes) {
        throw new RpcRefusal(
          RPC.params,
          `It is too large to be sent: nanos trace export ${id} FILE`,
        );
      }
      return { mimeType: "application/jsonl", text };
    }
    default:
      return missing(uri);
  }
}

function document(value: object): JsonObject {
  const text = JSON.stringify(plainJson(value as JsonObject), null, 2);
  return { mimeType: "application/json", text };
}

/** An artifact's text; null where its bytes are none. */
export function artifactText({ vault }: Nanos, id: string): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(vault.get(id));
  } catch (error) {
    if (error instanceof NanosError) throw error;
    return null;
  }
}

function missing(uri: string, why?: NanosError): never {
  const message = why ? `${why.message} ${why.next}` : "There is no such resource.";
  throw new RpcRefusal(RPC.params, message, { uri });
}
