import { isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { ToolFile, ToolManifest } from "../../contracts/tool.ts";
import { findProgram } from "../box.ts";
import { failure, isFailure } from "../failures.ts";
import type { ToolCall, ToolResult } from "../tool-host.ts";
import { manifestOfFile, misfit } from "./arguments.ts";
import { fillArgv } from "./command.ts";
import {
  brokenSource,
  failed,
  type Kind,
  labelOf,
  notAnObject,
  type Parts,
  type Source,
} from "./kind.ts";
import { loadFile } from "./load-file.ts";
import { reachesOut, runOnce } from "./program.ts";

/**
 * A program in a container image, run by podman without network, rights or a writable root. It
 * costs a third of a second and sees no files of the workspace; its output is the result.
 */
export function containerKind(parts: Parts): Kind {
  return {
    name: "container",
    load: (source, spec) => {
      const container = spec?.container;
      if (!spec || !container) return null;
      const manifest = manifestOfFile(spec, container.command, ["exec:podman"]);
      if (reachesOut(manifest.scopes))
        return Promise.resolve(brokenSource(source, noNetwork(spec)));
      return loadFile(source, { kind: "container", manifest, spec }, (call, _reach, signal) =>
        callContainer({ source, parts, container, manifest }, call, signal),
      );
    },
    close: async () => undefined,
  };
}

/** The proxy's relay is ours and does not run in a stranger's image. */
function noNetwork({ name }: ToolFile): Failure {
  const message = `${name} declares net:, and containers have no network.`;
  return failure("tool.no_network", message);
}

interface Container {
  readonly source: Source;
  readonly parts: Parts;
  readonly container: NonNullable<ToolFile["container"]>;
  readonly manifest: ToolManifest;
}

async function callContainer(
  { source, parts, container, manifest }: Container,
  call: ToolCall,
  signal: AbortSignal,
): Promise<ToolResult> {
  if (!isObject(call.args)) return notAnObject(call);
  const wrong = await misfit(manifest, call.args);
  if (wrong) return failed(wrong, "host");
  const inner = fillArgv(call.tool, container.command, call.args);
  if (isFailure(inner)) return failed(inner, "host");
  if (findProgram("podman", source.dir, parts.env) === null) {
    const message = `${call.tool} runs in a container, and podman is not installed.`;
    return failed(failure("tool.no_container", message), "host");
  }
  const name = `nanos-${call.step.replaceAll(/[^A-Za-z0-9_.-]/gu, "-")}`;
  const argv = podmanArgv(name, container.image, inner);
  const { scopes, workspace, ms } = call;
  const program = { argv, scopes, workspace, ms, stage: null };
  const done = await runOnce(program, source, parts, call, signal);
  // Ending the client leaves the container running, so it is removed by name whatever happened.
  const removal = { ...program, argv: ["podman", "rm", "--force", "--ignore", name] };
  const never = new AbortController();
  await runOnce(removal, source, parts, { ...call, ms: REMOVE_MS }, never.signal);
  if ("ok" in done) return done.ok ? done : { ...done, isolation: "container" };
  const output = done.ran.stdout;
  return { ok: true, output, isolation: "container", label: labelOf(manifest), staged: null };
}

const REMOVE_MS = 10_000;

/** Nothing of the machine is in the container: no network, files, rights or new privileges. */
export function podmanArgv(name: string, image: string, command: readonly string[]): string[] {
  return [
    "podman",
    "run",
    "--rm",
    "-i",
    "--pull=never",
    `--name=${name}`,
    "--network=none",
    "--read-only",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    `--pids-limit=${LIMITS.toolProcesses}`,
    `--memory=${LIMITS.toolMemoryBytes}b`,
    "--",
    image,
    ...command,
  ];
}
