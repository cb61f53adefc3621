/**
 * `npm run cockpit`: builds the pages `nanos serve` shows into `web/`, which a checkout, the package
 * and the binary have alike. It runs after `npm ci`.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT } from "../machine.ts";

const WEB = join(ROOT, "web");
/** What a browser loads before it shows the first page, compressed. */
const MOST_BYTES = 250_000;

/** Builds the cockpit; gives what all of it is, compressed. @throws Error with the compiler's output. */
export async function cockpit(): Promise<{ readonly bytes: number }> {
  mkdirSync(WEB, { recursive: true });
  const built = await Bun.build({
    entrypoints: [
      join(ROOT, "src/cockpit/main.tsx"),
      join(ROOT, "src/cockpit/style/main.css"),
      join(ROOT, "src/cockpit/style/landing.css"),
    ],
    target: "browser",
    format: "esm",
    splitting: true,
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
    naming: { entry: "[name]-[hash].[ext]", chunk: "[name]-[hash].[ext]" },
    outdir: WEB,
  });
  let bytes = 0;
  for (const { path } of built.outputs) bytes += gzipSync(readFileSync(path)).length;
  if (bytes > MOST_BYTES) throw new Error(`the cockpit has ${bytes} bytes, ${MOST_BYTES} allowed`);
  const entry = (name: RegExp): string => {
    const names = built.outputs.map(({ path }) => basename(path));
    const found = names.find((one) => name.test(one));
    if (found === undefined) throw new Error(`the cockpit has no ${name.source}`);
    return found;
  };
  const page = pageOf(entry(/^main-\w+\.js$/u), entry(/^main-\w+\.css$/u));
  writeFileSync(join(WEB, "index.html"), page);
  // Its name has to be known to the page that is there before anything was built.
  copyFileSync(join(WEB, entry(/^landing-\w+\.css$/u)), join(WEB, "landing.css"));
  copyFileSync(join(ROOT, "src/cockpit/style/icon.svg"), join(WEB, "icon.svg"));
  // What was there before goes last: somebody may be reading it.
  const own = new Set([
    "index.html",
    "icon.svg",
    "landing.css",
    ...built.outputs.map(({ path }) => basename(path)),
  ]);
  for (const name of readdirSync(WEB)) if (!own.has(name)) rmSync(join(WEB, name));
  return { bytes };
}

/** The one page: what is on it is drawn from what the server answers. */
function pageOf(script: string, style: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>NanoOS</title>
<link rel="icon" href="/web/icon.svg">
<link rel="stylesheet" href="/web/${style}">
<script type="module" src="/web/${script}"></script>
<div id="root"></div>
<noscript>The cockpit needs JavaScript. Everything it shows is there in the terminal as well: nanos status</noscript>
</html>
`;
}

if (import.meta.main) {
  const { bytes } = await cockpit();
  console.log(`web: ${(bytes / 1000).toFixed(0)} KB compressed`);
}
