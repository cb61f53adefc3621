// Loaded by Node before a test file: what the tests import from `bun:test` is given by Node's own.
import { registerHooks } from "node:module";

const shim = new URL("./bun-test.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "bun:test" ? { url: shim, shortCircuit: true } : next(specifier, context),
});
