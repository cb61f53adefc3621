import { expect, test } from "bun:test";
import type { RunPlace } from "../../contracts/engine.ts";
import { elsewhere } from "./place.ts";

/** What it says where a run that began at one place is to go on at the other; null where it may. */
function check(began: RunPlace, here: RunPlace, said: RegExp | null): void {
  const { message, next } = elsewhere("r1", began, here) ?? { message: "", next: "" };
  expect(`${message} ${next}`).toMatch(said ?? /^ $/u);
}

const A = { workspace: "/a", arrangement: "/a/.nano-os" };

test("a run goes on in its folder, under its arrangement", () => {
  check(A, A, null);
  check(
    A,
    { ...A, workspace: "/b" },
    /works in \/a .* this is \/b\. In that folder: nanos resume r1$/u,
  );
  const home = { workspace: "/a", arrangement: "/home/.nano-os" };
  check(
    A,
    home,
    /under the arrangement in \/a\/\.nano-os, and here \/home\/\.nano-os is in force/u,
  );
  // What began before that was written down is known by its folder.
  check({ workspace: "/a" }, home, null);
  check({ workspace: "/a" }, { workspace: "/b" }, /this is \/b/u);
});
