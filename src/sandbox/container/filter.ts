import { existsSync, readFileSync } from "node:fs";
import { isObject, type Json } from "../../std/json.ts";
import { alwaysDenied, NEW_NAMESPACES } from "../linux/seccomp.ts";

/**
 * The system calls of a container: those podman would allow, less what no process in any other box
 * of ours may do. So it opens no socket, not even one that lies in a folder it may read; with a way
 * to the network it opens streams to addresses, of which there is one.
 */

/** Where podman's own list lies. */
const PLACES = ["/etc/containers/seccomp.json", "/usr/share/containers/seccomp.json"];

/** What containers may call, as podman reads it: without a network, and with a way to it. */
export interface ContainerCalls {
  readonly none: string;
  readonly client: string;
}

/** Null where podman's own list is not found, or is none. */
export function containerCalls(): ContainerCalls | null {
  const place = PLACES.find((path) => existsSync(path));
  const text = place === undefined ? "" : readFileSync(place, "utf8");
  const [none, client] = [narrowedCalls(text, "none"), narrowedCalls(text, "client")];
  return none === null || client === null ? null : { none, client };
}

/** Podman's own list, narrowed; null for what is no such list. */
export function narrowedCalls(text: string, net: "none" | "client"): string | null {
  const list = parsed(text);
  const rules = isObject(list) ? list["syscalls"] : null;
  if (!isObject(list) || !Array.isArray(rules)) return null;
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  const denied = new Set<string>([...REPLACED, ...alwaysDenied(arch, net)]);
  const kept = rules.filter(isObject).map((rule) => {
    const names = Array.isArray(rule["names"]) ? rule["names"] : [];
    const allows = rule["action"] === "SCMP_ACT_ALLOW";
    return allows ? { ...rule, names: names.filter((name) => !denied.has(String(name))) } : rule;
  });
  const named = kept.filter((rule) => !Array.isArray(rule["names"]) || rule["names"].length > 0);
  const own = net === "none" ? [CLONE] : [CLONE, ...STREAMS];
  return JSON.stringify({ ...list, syscalls: [...named, ...own] });
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

/** What we allow ourselves, and what a program of 32 bits would call for all of it. */
const REPLACED = ["clone", "socket", "socketcall", "ipc"];

/** Streams of IPv4 and IPv6: the upper bits of a kind say how its descriptor behaves. */
const STREAMS: readonly Json[] = [2, 10].map((family) => ({
  names: ["socket"],
  action: "SCMP_ACT_ALLOW",
  args: [
    { index: 0, value: family, valueTwo: 0, op: "SCMP_CMP_EQ" },
    { index: 1, value: 0xf, valueTwo: 1, op: "SCMP_CMP_MASKED_EQ" },
  ],
}));

/** Threads and processes, in the namespaces they are in. */
const CLONE: Json = {
  names: ["clone"],
  action: "SCMP_ACT_ALLOW",
  args: [{ index: 0, value: NEW_NAMESPACES, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
};
