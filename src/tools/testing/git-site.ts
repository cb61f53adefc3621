import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AUTHORITY } from "./authority.ts";

/** A git server of this machine that speaks TLS, by git's own program. */
export interface GitSite {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** File that holds the authority which vouches for it. */
  readonly ca: string;
  /** Request lines so far. */
  readonly asked: string[];
  /** Makes the repository `name` of these files; text that begins with `->` is a link. */
  repository(name: string, files: Readonly<Record<string, string>>): string;
  close(): void;
}

/** `answer` comes first; what it does not answer (false) git does. */
export async function gitSite(
  answer: (path: string, response: ServerResponse) => boolean = () => false,
): Promise<GitSite> {
  const root = mkdtempSync(join(tmpdir(), "nanos-git-site-"));
  const ca = join(root, "ca.pem");
  writeFileSync(ca, AUTHORITY.ca);
  const asked: string[] = [];
  const server = createServer({ key: AUTHORITY.key, cert: AUTHORITY.cert }, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (!answer(request.url ?? "", response)) byGit(root, request, response);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    ...{ url: `https://127.0.0.1:${port}`, ca, asked },
    repository: (name, files) => makeRepository(join(root, name), files),
    close: () => {
      server.close();
      server.closeAllConnections();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function makeRepository(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (text.startsWith("->")) symlinkSync(text.slice(2), join(folder, path));
    else writeFileSync(join(folder, path), text);
  }
  git(folder, "init", "-q", "-b", "main");
  git(folder, "add", "-A", "-f");
  git(folder, "commit", "-qm", "one");
  return folder;
}

/** Does something in a repository, as somebody. */
export function git(folder: string, ...args: readonly string[]): string {
  const who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
  return execFileSync("git", [...who, ...args], { cwd: folder, encoding: "utf8" }).trim();
}

/** A CGI, as git brings it. */
function byGit(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "https://x");
  const child = spawn("git", ["-c", "safe.directory=*", "http-backend"], {
    stdio: ["pipe", "pipe", "ignore"],
    env: {
      ...{ PATH: process.env["PATH"], GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: "1" },
      ...{ REQUEST_METHOD: request.method, PATH_INFO: url.pathname },
      ...{ QUERY_STRING: url.search.slice(1), CONTENT_TYPE: request.headers["content-type"] },
      ...{ HTTP_CONTENT_ENCODING: request.headers["content-encoding"] },
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    },
  });
  request.pipe(child.stdin);
  child.stdin.on("error", () => undefined);
  const parts: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  child.on("close", () => {
    const all = Buffer.concat(parts);
    const end = all.indexOf("\r\n\r\n");
    const head = all.subarray(0, Math.max(0, end)).toString("latin1");
    for (const line of head.split("\r\n")) {
      const [, name = "", value = ""] = /^([^:]+): *(.*)$/u.exec(line) ?? [];
      if (name === "Status") response.statusCode = Number.parseInt(value, 10);
      else if (name !== "") response.setHeader(name, value);
    }
    response.end(all.subarray(end + 4));
  });
}
