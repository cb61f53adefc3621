import { isObject } from "../../std/json.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { ToolFile, ToolManifest } from "../../contracts/tool.ts";
import { boxOf } from "../box.ts";
import { failure, isFailure } from "../failures.ts";
import type { ToolCall, ToolResult } from "../tool-host.ts";
import { manifestOfFile, misfit } from "./arguments.ts";
import { fillArgv } from "./command.ts";
import { brokenSource, failed, type Kind, notAnObject, type Parts } from "./kind.ts";
import { loadFile } from "./load-file.ts";
import { printed, type Printing, reachesOut, withWayOut } from "./program.ts";

/**
 * A program of a container image that podman has, without rights or a writable root. It sees the
 * paths its scopes name, each at its own place, and variables by name; hosts its scopes name it
 * reaches through the proxy, and nothing else of a network; its output is the result. What it is and where it lies in the image is the image's matter: `exec:` says nothing here.
 */
export function containerKind(parts: Parts): Kind {
  return {
    name: "container",
    load: (source, spec) => {
      const container = spec?.container;
      if (!spec || !container) return null;
      const manifest = manifestOfFile(spec, container.command, ["exec:podman"]);
      const wrong = whyNotHeld(spec.name, manifest);
      if (wrong) return Promise.resolve(brokenSource(source, wrong));
      return loadFile(source, { kind: "container", manifest, spec }, (call, _reach, signal) =>
        callContainer({ parts, container, manifest }, call, signal),
      );
    },
    close: async () => undefined,
  };
}

function whyNotHeld(name: string, { scopes }: ToolManifest): Failure | null {
  if (!scopes.some((scope) => scope.startsWith("secret:"))) return null;
  return failure("tool.no_secrets", `${name} declares secret:, and containers get no secrets.`);
}

interface Container {
  readonly parts: Parts;
  readonly container: NonNullable<ToolFile["container"]>;
  readonly manifest: ToolManifest;
}

async function callContainer(
  { parts, container, manifest }: Container,
  call: ToolCall,
  signal: AbortSignal,
): Promise<ToolResult> {
  if (!isObject(call.args)) return notAnObject(call);
  const wrong = await misfit(manifest, call.args);
  if (wrong) return failed(wrong, "host");
  const inner = fillArgv(call.tool, container.command, call.args);
  if (isFailure(inner)) return failed(inner, "host");
  const { scopes, granted = [], workspace, ms } = call;
  const out = reachesOut(scopes) ? { scopes, granted } : null;
  const run = { kind: "container", image: container.image, argv: inner } as const;
  const printing: Printing = {
    parts,
    manifest,
    start: (passage, stage) =>
      withWayOut(out, parts, passage, (socket) => {
        const box = boxOf({ scopes, workspace, own: [], env: parts.env, ms, socket });
        return parts.sandbox.start({ run, cwd: "/", box, stage });
      }),
    tier: parts.sandbox.tier("container", out !== null) ?? "host",
  };
  return printed(printing, call, signal);
}
