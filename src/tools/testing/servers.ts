import { join } from "node:path";
import type { McpServer } from "../../contracts/tool.ts";
import type { Json } from "../../std/json.ts";
import { runtimeFile } from "../../sandbox/runtime.ts";
import type { ToolResult } from "../tool-host.ts";
import { type Lab, openLab } from "./lab.ts";

/** The program servers of tests run on. */
export const BUN = runtimeFile();
export const FLAGS = [
  "--config=/dev/null",
  "--no-env-file",
  "--no-install",
  "--tsconfig-override=/dev/null",
];

/** What a call gave; throws its failure. */
export const outputOf = (result: ToolResult): Json => {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message}`);
  return result.output;
};

/** `ok`, or the failure's code. */
export const codeOf = (result: ToolResult): string => (result.ok ? "ok" : result.failure.code);

/** A lab with one server of that source, `s`, reading its own folder and the packages. */
export function serverLab(
  source: string,
  more: Partial<McpServer> = {},
  args: readonly string[] = [],
): Lab {
  const servers: Record<string, McpServer> = {};
  const open = openLab({ files: { "work/servers/s.ts": source, "work/notes/a.md": "a" }, servers });
  const file = join(open.workspace, "servers/s.ts");
  servers["s"] = {
    command: BUN,
    args: [...FLAGS, file, ...args],
    scopes: [`read:${open.workspace}/servers`],
    ...more,
  };
  return open;
}

/** What a call of such a server may reach. */
export const reads = (open: Lab): string[] => [`read:${open.workspace}/servers`, `exec:${BUN}`];
