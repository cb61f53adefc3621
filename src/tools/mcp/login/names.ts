import type { McpServer } from "../../../contracts/tool.ts";
import type { Failure } from "../../../contracts/outcome.ts";
import { failure } from "../../failures.ts";
import { handleOf, hostFor } from "../../handles.ts";
import type { Scope } from "../../../contracts/scope.ts";

/** The secret that holds what a server is shown. */
export function tokenSecret(server: string): string {
  return `mcp.${server}.token`;
}

/** The secret that holds what is needed for the next token; null for a secret that is no such. */
export function refreshSecret(server: string): string {
  return `mcp.${server}.refresh`;
}

/** The token's secret by that of what renews it; null for any other. */
export function tokenOf(refresh: string): string | null {
  return /^mcp\..+\.refresh$/u.test(refresh) ? refresh.replace(/refresh$/u, "token") : null;
}

/** Where the next token comes from: `host:port`. */
export function renewHost({ oauth }: Pick<McpServer, "oauth">): string | null {
  return oauth === undefined ? null : hostFor(oauth.token ?? oauth.issuer);
}

/** The server with what its login means: a header, two secrets, the hosts it needs. */
export function withLogin(name: string, server: McpServer): McpServer {
  const { oauth, headers = {}, scopes = [] } = server;
  if (oauth === undefined) return server;
  const hosts = [hostFor(oauth.issuer), renewHost(server)].filter((host) => host !== null);
  const secrets = [tokenSecret(name), refreshSecret(name)];
  const needed = [...hosts.map((host): Scope => `net:${host}`), ...secrets.map(secretScope)];
  const own = Object.entries(headers).filter(([header]) => !/^authorization$/iu.test(header));
  const others = Object.fromEntries(own);
  const authorization = `Bearer ${handleOf(tokenSecret(name))}`;
  return {
    ...server,
    headers: { ...others, authorization },
    scopes: [...new Set([...scopes, ...needed])],
  };
}

/** Why a server is not asked: what it was shown is good no more, or there is none. */
export function loginNeeded(
  name: string,
  message = `${name} answers nobody who has not logged in, or not any more.`,
): Failure {
  const next = `Log in, where a browser is: \`nanos mcp login ${name}\`.`;
  return failure("mcp.login_needed", message, next);
}

function secretScope(name: string): Scope {
  return `secret:${name}`;
}
