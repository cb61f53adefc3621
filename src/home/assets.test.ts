import { expect, test } from "bun:test";
import { webFile } from "./assets.ts";

test("a file of the cockpit is had by its name, and nothing else of what lies around it", () => {
  for (const name of ["index.html", "icon.svg", "landing.css"]) {
    expect([name, webFile(name) === null]).toEqual([name, false]);
  }
  const others = ["../package.json", "../starters/toy/rules.yaml", "./../README.md", "", "."];
  for (const name of [...others, "/etc/hostname", "none.js", "index.html/../../package.json"]) {
    expect([name, webFile(name)]).toEqual([name, null]);
  }
});
