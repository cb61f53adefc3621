import { isAbsolute, relative, resolve } from "node:path";

/** A model's file, absolute: as it is given, or inside the arrangement; null where it leads out. */
export function pathInside(file: string, dir: string | null): string | null {
  if (isAbsolute(file)) return file;
  if (dir === null) return null;
  const path = resolve(dir, file);
  const inside = relative(dir, path);
  return inside === "" || inside.startsWith("..") || isAbsolute(inside) ? null : path;
}
