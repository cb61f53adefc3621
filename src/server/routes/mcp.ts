import { AnyJson, RpcError } from "../../contracts/http/wire.ts";
import type { NanosError } from "../../std/error.ts";
import { RPC, RpcRefusal } from "../../std/rpc.ts";
import { refusalBody } from "../mcp/desk.ts";
import { type Route, route } from "../route.ts";

/** What the door refuses, as the protocol has it. */
const refusal = {
  gives: RpcError,
  of: ({ code, message, next }: NanosError): unknown =>
    refusalBody(null, new RpcRefusal(RPC.busy, `${message} ${next}`, { code })),
};

/** One address for all clients of the Model Context Protocol, in each of its revisions. */
export const MCP: readonly Route[] = [
  route({
    method: "POST",
    path: "/mcp",
    summary: "one message of the Model Context Protocol",
    needs: "key",
    takes: AnyJson,
    gives: AnyJson,
    streams: "asked",
    refusal,
    handle: (call) => call.mcp.post(call),
  }),
  route({
    method: "GET",
    path: "/mcp",
    summary: "what is told to a session without being asked; goes on after Last-Event-ID",
    needs: "key",
    takes: null,
    gives: AnyJson,
    streams: "always",
    refusal,
    handle: (call) => call.mcp.get(call),
  }),
  route({
    method: "DELETE",
    path: "/mcp",
    summary: "ends a session",
    needs: "key",
    takes: null,
    gives: AnyJson,
    refusal,
    handle: (call) => call.mcp.end(call),
  }),
];
