import { expect, test } from "bun:test";
import type { Json } from "../std/json.ts";
import { parseArgs } from "./args.ts";

function check(text: string, expected: Json | undefined): void {
  test(JSON.stringify(text.slice(0, 40)), () => expect(parseArgs(text)).toEqual(expected));
}

check("", {});
check("  \n", {});
check('{"a":[1,"[[["]}', { a: [1, "[[["] });
check("[1]", [1]);
check('{"a":', undefined);
check("undefined", undefined);
check('{"a":1e400}', undefined);
check('{"a":1e300}', { a: 1e300 });
check(`{"a":${"9".repeat(400)}}`, undefined);
check(`{"a":"${"9".repeat(400)}"}`, { a: "9".repeat(400) });
check("[".repeat(129) + "]".repeat(129), undefined);
check(`{"a":"\\"${"[".repeat(300)}"}`, { a: `"${"[".repeat(300)}` });
