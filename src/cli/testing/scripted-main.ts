/** The program over a scripted house, for tests that need a real process and a real terminal. */
import { readFileSync } from "node:fs";
import { runApp } from "../app.ts";
import { processTerminal } from "../terminal.ts";
import { type Script, scriptedHouse } from "./scripted-nanos.ts";

const [file, ...argv] = process.argv.slice(2);
const script = JSON.parse(readFileSync(file ?? "", "utf8")) as Script;
const code = await runApp({
  argv,
  env: process.env,
  cwd: process.cwd(),
  terminal: processTerminal,
  house: async () => scriptedHouse(script),
});
process.exit(code);
