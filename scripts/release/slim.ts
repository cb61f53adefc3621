/**
 * What the binary carries of its libraries: not what it never says, and WebAssembly packed as a file
 * rather than as text, which would lie in it twice, as source and as bytecode.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import type { BunPlugin } from "bun";
import { ROOT } from "../machine.ts";

/** Always the same, so that two builds are one program: the path goes into names. */
const FOLDER = join(ROOT, "node_modules/.cache/slim");

/** `const NAME = "BASE64";` of a WebAssembly module (its first bytes are `\0asm`). */
const MODULE_TEXT = /const (?<name>\w+) = "(?<text>AGFzbQ[\w+/=]+)";/u;

/** Error texts in every language but English are left out, and modules written as base64 are packed. */
export const slim: BunPlugin = {
  name: "slim",
  setup(build) {
    build.onLoad({ filter: /[/\\]zod[/\\]v4[/\\]locales[/\\]index\.js$/u }, () => ({
      contents: 'export { default as en } from "./en.js";',
      loader: "js",
    }));
    build.onLoad({ filter: /_wasm_bindings\.js$/u }, ({ path }) => ({
      contents: packed(readFileSync(path, "utf8"), `${basename(path, ".js")}.zst`),
      loader: "js",
    }));
  },
};

/** The source with its module's text read from a file, which is written. @throws Error if it has none. */
function packed(source: string, name: string): string {
  const found = MODULE_TEXT.exec(source)?.groups;
  if (!found?.["text"]) throw new Error("the package has no WebAssembly text to pack any more");
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, name);
  writeFileSync(file, zstdCompressSync(Buffer.from(found["text"], "base64")));
  const read = [
    `import file from ${JSON.stringify(file)} with { type: "file" };`,
    'import { readFileSync } from "node:fs";',
    'import { zstdDecompressSync } from "node:zlib";',
    `const ${found["name"]} = zstdDecompressSync(readFileSync(file)).toString("base64");`,
  ];
  return source.replace(MODULE_TEXT, read.join("\n"));
}
