#!/usr/bin/env bun
/**
 * Where the program starts. In order: the entries nanos starts of itself inside a sandbox, the
 * version (scripts ask for it, so nothing is loaded for it), and everything else. No import comes
 * before the choice: what a boxed process loads before its lock closes would lie outside it.
 */
async function main(argv: readonly string[]): Promise<number> {
  switch (argv[0]) {
    case "__box": {
      const box = require("../sandbox/box-main.ts") as typeof import("../sandbox/box-main.ts");
      return box.main(argv.slice(1));
    }
    case "__host": {
      await (await import("../tools/runtime/main.ts")).hostMain(argv[1] ?? "");
      return 0;
    }
    case "__model": {
      await (await import("../models/local/main.ts")).hostMain(argv[1] ?? "");
      return 0;
    }
    case "--version":
    case "-V": {
      const { default: manifest } = await import("../../package.json", { with: { type: "json" } });
      process.getBuiltinModule("node:fs").writeSync(1, `${manifest.version}\n`);
      return 0;
    }
    default:
      return start(argv);
  }
}

async function start(argv: readonly string[]): Promise<number> {
  const [{ runApp }, { processTerminal }] = await Promise.all([
    import("./app.ts"),
    import("./terminal.ts"),
  ]);
  return runApp({
    argv,
    env: process.env,
    cwd: process.cwd(),
    terminal: processTerminal,
    house: () => import("../nanos.ts"),
  });
}

process.exit(await main(process.argv.slice(2)));
