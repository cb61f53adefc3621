import { existsSync } from "node:fs";
import type { Failure } from "../../contracts/outcome.ts";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import { containerCalls, type ContainerCalls } from "./filter.ts";
import { runBriefly } from "../process/child.ts";
import { installBwrap } from "../tiers.ts";

/** A podman that can hold a container to its limits here. */
export interface Podman {
  readonly path: string;
  readonly calls: ContainerCalls;
  /** The program that starts containers, where podman's own choice does not work; null: its own. */
  readonly runtime: string | null;
}

/** Fixed places only, as for bwrap. */
const PLACES = ["/usr/bin", "/bin", "/usr/local/bin", "/run/current-system/sw/bin"];
const RUNTIME_PLACES = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
const INFO_MS = 10_000;

/** Finds out once; asks podman itself. What it cannot bound is refused, and never held less. */
export function findPodman(): Podman | Failure {
  const path = firstOf(PLACES, "podman");
  if (path === null) return noPodman();
  const done = runBriefly([path, "info", "--format", "{{json .Host}}"], INFO_MS, {
    env: podmanEnv(),
  });
  const host = done?.code === 0 ? parsed(done.out) : null;
  if (host === null)
    return none("podman is installed and does not work here.", "See what it says: podman info");
  return judgePodman(path, host, containerCalls());
}

/** Whether a podman that says this of its host can bound memory and processes; pure but for files. */
export function judgePodman(
  path: string,
  host: JsonObject,
  calls: ContainerCalls | null,
): Podman | Failure {
  if (calls === null) {
    return none(
      "The list of system calls podman's containers may make is not where it is looked for.",
      "Install it: apt install golang-github-containers-common",
    );
  }
  const controllers = Array.isArray(host["cgroupControllers"]) ? host["cgroupControllers"] : [];
  if (!["memory", "pids"].every((one) => controllers.includes(one))) {
    const who = field(host["security"], "rootless") === true ? "Podman without root" : "Podman";
    return none(
      `${who} can bound neither memory nor processes here.`,
      "Run nanos as root, or delegate control groups v2 to your user.",
    );
  }
  const runtime = field(host["ociRuntime"], "name");
  if (host["cgroupVersion"] !== "v1" || runtime !== "crun" || !existsSync(HYBRID)) {
    return { path, calls, runtime: null };
  }
  const other = firstOf(RUNTIME_PLACES, "runc");
  if (other !== null) return { path, calls, runtime: other };
  return none(
    "crun starts no container where control groups are of two versions.",
    "Install runc: apt install runc",
  );
}

/** There when control groups of both versions are mounted. */
const HYBRID = "/sys/fs/cgroup/unified";

/** What podman itself is told: nothing of a tool's, as it runs outside every box. */
export function podmanEnv(): Record<string, string> {
  const found: Record<string, string> = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  };
  for (const name of ["HOME", "XDG_RUNTIME_DIR"]) {
    const value = process.env[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

export function noPodman(): Failure {
  return none("A container needs podman, which is not here.", "Install podman: apt install podman");
}

/** The relay to the proxy is ours: it runs in a box of its own, whose network the container joins. */
export function noContainerNet(): Failure {
  return none(
    "A container reaches the network by way of bubblewrap, started by root; one of them is not here.",
    `Run nanos as root (${installBwrap()}), or use a command, whose scopes may name hosts.`,
  );
}

function field(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) ? value[name] : undefined;
}

function parsed(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function firstOf(places: readonly string[], name: string): string | null {
  return places.map((place) => `${place}/${name}`).find((path) => existsSync(path)) ?? null;
}

function none(message: string, next: string): Failure {
  return { code: "sandbox.no_tier", message, next };
}
