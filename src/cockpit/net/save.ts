import { ask } from "./api.ts";

/** Has the browser keep what a route answers as a file of that name. @throws Failed. */
export async function save(path: string, name: string): Promise<void> {
  const bytes = await (await ask(path, {})).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(bytes);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
