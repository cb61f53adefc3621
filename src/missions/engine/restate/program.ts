import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { NanosError } from "../../../std/error.ts";

/** The server as it was tried. */
const VERSION = "1.7.12";
const NAME = "restate-server";
/** npm's package of that name brings a script, and the program in one for each system. */
const NATIVE = `@restatedev/${NAME}-${process.platform}-${process.arch}/bin/${NAME}`;

/**
 * The program of the Restate server the operator installed: `given` itself, or in that folder, else
 * the one on PATH. Nothing is downloaded, and nothing run to find out.
 *
 * @throws NanosError `engine.no_server`.
 */
export function findServer(
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const path = (env["PATH"] ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  const places = given === undefined ? path : [given, join(given, "node_modules/.bin")];
  const files = places.flatMap((place) => [join(place, NAME), place]);
  for (const file of files) {
    const found = programOf(resolve(file));
    if (found !== null) return found;
  }
  throw new NanosError(
    "engine.no_server",
    given === undefined
      ? `The Restate server is not installed: there is no ${NAME} on PATH.`
      : `There is no ${NAME} in ${given}.`,
    `Install it: npm install --global @restatedev/${NAME}@${VERSION}. Or say where it is: nanos engine restate --server FILE`,
  );
}

/** The program a file is, or the one that npm's script of that name would start. */
function programOf(file: string): string | null {
  if (!existsSync(file)) return null;
  const real = realpathSync(file);
  if (!real.endsWith(".js")) return real.endsWith(`/${NAME}`) ? real : null;
  for (let at = dirname(real); at !== dirname(at); at = dirname(at)) {
    const native = join(at, "node_modules", NATIVE);
    if (existsSync(native)) return realpathSync(native);
  }
  return null;
}
