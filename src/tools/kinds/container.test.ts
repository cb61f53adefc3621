import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../std/limits.ts";
import { CONTAINERS, makeImage } from "../../sandbox/testing/image.ts";
import { openLab } from "../testing/lab.ts";
import { codeOf } from "../testing/servers.ts";

setDefaultTimeout(60_000);

const T = "arrangement/tools";

test("a container with secret: is told that it gets none", async () => {
  const container = { image: "docker.io/library/alpine", command: ["env"] };
  const spec = { name: "box", description: "Boxed.", container, scopes: ["secret:KEY"] };
  const lab = openLab({ files: { [`${T}/box.yaml`]: JSON.stringify(spec) } });
  expect(await lab.host.list()).toMatchObject({
    tools: [],
    broken: [{ failure: { code: "tool.no_secrets" } }],
  });
  await lab.close();
});

if (CONTAINERS) {
  test("a container is called like any tool: variables, paths, a stage, and its limits", async () => {
    const image = makeImage();
    const spec = (name: string, command: string[], scopes: string[] = []): string =>
      JSON.stringify({
        name,
        description: name,
        container: { image: image.name, command },
        scopes,
      });
    const script = 'echo "$SHOWN-$HIDDEN"; echo more >> "$0"; cat "$0"';
    const lab = openLab({
      files: {
        [`${T}/write.yaml`]: spec("write", ["/bin/sh", "-c", script, "{file}"]),
        [`${T}/slow.yaml`]: spec("slow", ["/bin/sleep", "60"]),
        [`${T}/loud.yaml`]: spec("loud", ["/bin/yes"]),
        "work/notes/a.md": "text\n",
      },
    });
    const notes = join(lab.workspace, "notes");
    const scopes = [`read:${notes}`, `write:${notes}`, "env:SHOWN", "exec:podman"];
    const file = join(notes, "a.md");
    const result = await lab.call("write", { file }, { scopes });
    expect(result).toMatchObject({
      ok: true,
      output: "shown-\ntext\nmore\n",
      isolation: "container",
      held: { net: "none", limits: { memoryBytes: LIMITS.toolMemoryBytes } },
      staged: { changes: [{ path: file, kind: "modified" }] },
    });
    expect(readFileSync(file, "utf8")).toBe("text\n");
    if (result.ok) expect(await result.staged?.commit()).toBeNull();
    expect(readFileSync(file, "utf8")).toBe("text\nmore\n");
    expect(codeOf(await lab.call("slow", {}, { scopes: [], ms: 1_500 }))).toBe("tool.timeout");
    expect(codeOf(await lab.call("loud", {}, { scopes: [] }))).toBe("tool.flooded");
    expect(image.podman("ps", "--all", "--quiet", "--filter", `ancestor=${image.name}`)).toBe("");
    await lab.close();
    image.remove();
  });
}
