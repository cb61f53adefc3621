import * as fs from "node:fs";
import { join } from "node:path";
import { NanosError } from "../std/error.ts";

/**
 * The folder that holds `starters/`, `verifier/`, `web/` and pages: inside the compiled binary, beside a bundle, or the checkout.
 * The binary's embedded files answer to `node:fs` by name, like any others.
 */
export function assetsDir(): string {
  const here = import.meta.dirname;
  for (const up of ["", "..", "../.."]) {
    const folder = join(here, up);
    if (fs.existsSync(join(folder, "starters")) && isFolder(join(folder, "starters")))
      return folder;
  }
  throw new NanosError(
    "starter.none",
    "The starters that come with nanos are not there.",
    "Install nanos again, or name a folder: nanos init --from DIR",
  );
}

/** The program that checks evidence without nanos, as it is given out. */
export function verifierText(): string {
  return fs.readFileSync(join(assetsDir(), "verifier", "nanos-verify.mjs"), "utf8");
}

/** The page that tells of every code of a failure: a row each, as it was written from the code. */
export function troubleshooting(): string {
  return fs.readFileSync(join(assetsDir(), "docs", "reference", "errors.md"), "utf8");
}

/**
 * A file of the cockpit as it was built, by its name in `web/`; null where there is none of that name,
 * or none was built.
 */
export function webFile(name: string): Uint8Array<ArrayBuffer> | null {
  // A name, and no way to somewhere else.
  if (!/^[\w-]+\.(?:html|js|css|svg)$/u.test(name)) return null;
  const file = join(assetsDir(), "web", name);
  return fs.existsSync(file) ? new Uint8Array(fs.readFileSync(file)) : null;
}

function isFolder(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
