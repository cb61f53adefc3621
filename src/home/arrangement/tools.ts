import { limitItems, type Loading } from "./loading.ts";

/** Tool sources that belong to no skill, absolute. */
export async function loadBareTools(loading: Loading): Promise<string[]> {
  const tools = await loadToolFolder(loading, "tools");
  limitItems(loading, "tools", tools.length);
  return tools;
}

/** Tool sources in one folder, absolute: `*.ts` as they are, `*.yaml` checked. */
export async function loadToolFolder(loading: Loading, folder: string): Promise<string[]> {
  const names = loading.files.children(folder);
  for (const name of names.filter((item) => LOOKS_LIKE_TOOL.test(item))) {
    loading.warnings.push(`${folder}/${name}: not loaded; a tool file ends in .ts or .yaml`);
  }
  const tools = names.filter((name) => TOOL.test(name) && !NO_TOOL.test(name));
  const seen = new Map<string, string>();
  for (const name of tools.filter((item) => item.endsWith(".yaml"))) {
    const { ToolFile } = await import("../../contracts/tool.ts");
    const path = `${folder}/${name}`;
    const tool = await loading.read(path, ToolFile, "yaml");
    if (tool === null) continue;
    const first = seen.get(tool.value.name);
    if (first !== undefined) {
      const text = `a tool named '${tool.value.name}' is already in ${first}`;
      loading.problems.push({ file: path, ...tool.at(["name"]), text });
    }
    seen.set(tool.value.name, path);
  }
  return tools.map((name) => loading.files.absolute(`${folder}/${name}`));
}

const TOOL = /\.(?:ts|yaml)$/u;
const NO_TOOL = /\.(?:test|d)\.ts$/u;
const LOOKS_LIKE_TOOL = /\.(?:yml|js|mjs|cjs|mts|tsx|jsx)$/u;
