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
  /** What is another one when the resource is; null where there is none. */
  mark(uri: string): string | null;
  /** What may stand for the one parameter of a template. */
  complete(template: string): readonly string[];
}

const KINDS = {
  agents: "An agent: what it is for and what it has.",
  missions: "A mission with its tasks.",
  artifacts: "A result that was kept, as it is.",
  runs: "Every event of a run, one a line.",
} as const;

export function resourcesOf({ nanos, narrow }: Served): Resources {
  if (narrow) return NOTHING;
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
    mark: (uri) => markOf(nanos, uri),
    complete: (template) => {
      const [, kind = ""] = /^nanos:\/\/([a-z]+)\/\{id\}$/u.exec(template) ?? [];
      return idsOf(nanos, kind);
    },
    read: (uri) => {
      const { kind, id } = named(uri);
      try {
        return { uri, ...contentOf(nanos, kind, id, uri) };
      } catch (error) {
        if (error instanceof NanosError) return missing(uri, error);
        throw error;
      }
    },
  };
}

/** What a client is shown that has one agent and what came of its own requests. */
const NOTHING: Resources = {
  list: () => [],
  templates: () => [],
  read: (uri) => missing(uri),
  mark: () => null,
  complete: () => [],
};

function named(uri: string): { readonly kind: string; readonly id: string } {
  const [, kind = "", id = ""] = /^nanos:\/\/([a-z]+)\/([\w.-]{1,256})$/u.exec(uri) ?? [];
  return { kind, id };
}

/** An agent and an artifact are what they are; a run and a mission go on. */
function markOf(nanos: Nanos, uri: string): string | null {
  const { kind, id } = named(uri);
  if (kind === "runs" || kind === "missions") {
    const line = nanos.traces.line(id);
    return line && `${line.state} ${line.steps} ${line.outcome ?? ""}`;
  }
  return idsOf(nanos, kind).includes(id) ? "" : null;
}

function idsOf({ agents, missions, vault, traces }: Nanos, kind: string): readonly string[] {
  switch (kind) {
    case "agents":
      return agents.list().map(({ manifest }) => manifest.name);
    case "missions":
      return missions.list(LIMITS.clientListed).map(({ run }) => run);
    case "artifacts":
      return vault.list({ limit: LIMITS.clientListed }).map(({ id }) => id);
    case "runs":
      return traces.list({ limit: LIMITS.clientListed }).map(({ run }) => run);
    default:
      return [];
  }
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

/** @throws RpcRefusal that says so. */
export function missing(uri: string, why?: NanosError): never {
  const message = why ? `${why.message} ${why.next}` : "There is no such resource.";
  throw new RpcRefusal(RPC.params, message, { uri });
}
