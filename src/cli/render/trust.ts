import type { TrustView } from "../../contracts/nanos.ts";
import { type Line, span, type Style } from "./line.ts";
import { shortPath } from "./words.ts";

/** What a yes to a folder would mean, file by file. */
export function trustLines(view: TrustView): readonly Line[] {
  const heading = view.changed
    ? "This folder's arrangement changed since it was trusted."
    : "This folder brings an arrangement that was never trusted.";
  const files = view.files.filter(({ state }) => !view.changed || state !== "same");
  return [
    [span(heading, "bold")],
    [span(`  ${view.dir}`, "dim")],
    "",
    ...files.map((file): Line => [
      span(`  ${SIGN[file.state].sign} `, SIGN[file.state].style),
      shortPath(file.path, view.dir),
      span(`  ${file.what}`, "dim"),
    ]),
    "",
    view.scopes.length === 0 ? "It asks for no reach." : [span("It asks for:", "bold")],
    ...view.scopes.map((scope): Line => `  ${scope}`),
    [span(`hash ${view.hash.slice(0, 16)}`, "dim")],
  ];
}

const SIGN: Readonly<
  Record<TrustView["files"][number]["state"], { readonly sign: string; readonly style: Style }>
> = {
  new: { sign: "+", style: "green" },
  changed: { sign: "~", style: "yellow" },
  removed: { sign: "-", style: "red" },
  same: { sign: "=", style: "dim" },
};
