import { existsSync, readFileSync } from "node:fs";
import { isObject, type Json } from "../../std/json.ts";
import { alwaysDenied, NEW_NAMESPACES } from "../linux/seccomp.ts";

/**
 * The system calls of a container: those podman would allow, less what no process in any other box
 * of ours may do. So it opens no socket, not even one that lies in a folder it may read.
 */

/** Where podman's own list lies. */
const PLACES = ["/etc/containers/seccomp.json", "/usr/share/containers/seccomp.json"];

/** What a container may call, as podman reads it; null where podman's own list is not found. */
export function containerCalls(): string | null {
  const place = PLACES.find((path) => existsSync(path));
  return place === undefined ? null : narrowedCalls(readFileSync(place, "utf8"));
}

/** Podman's own list, narrowed; null for what is no such list. */
export function narrowedCalls(text: string): string | null {
  const list = parsed(text);
  const rules = isObject(list) ? list["syscalls"] : null;
  if (!isObject(list) || !Array.isArray(rules)) return null;
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  const denied = new Set<string>(["clone", ...alwaysDenied(arch)]);
  const kept = rules.filter(isObject).map((rule) => {
    const names = Array.isArray(rule["names"]) ? rule["names"] : [];
    const allows = rule["action"] === "SCMP_ACT_ALLOW";
    return allows ? { ...rule, names: names.filter((name) => !denied.has(String(name))) } : rule;
  });
  const named = kept.filter((rule) => !Array.isArray(rule["names"]) || rule["names"].length > 0);
  return JSON.stringify({ ...list, syscalls: [...named, CLONE] });
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

/** Threads and processes, in the namespaces they are in. */
const CLONE: Json = {
  names: ["clone"],
  action: "SCMP_ACT_ALLOW",
  args: [{ index: 0, value: NEW_NAMESPACES, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
};
