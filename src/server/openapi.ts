import { HttpError, jsonSchemaOf } from "../contracts/http/wire.ts";
import { PROOF } from "./door/seats.ts";
import type { Route } from "./route.ts";

/** What `/openapi.json` says: OpenAPI 3.1, made of the routes there are. */
export function openapiOf(routes: readonly Route[]): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "nanos", version: "1.0.0" },
    components: {
      securitySchemes: {
        key: { type: "http", scheme: "bearer" },
        seat: { type: "apiKey", in: "cookie", name: "__Host-nanos-seat" },
        proof: { type: "apiKey", in: "header", name: PROOF },
      },
      schemas: { Error: jsonSchemaOf(HttpError, "output") },
    },
    paths,
  };
}

function operationOf(route: Route): unknown {
  const { path, summary, needs, takes, gives, streams, media, page, refusal } = route;
  const parameters = [...path.matchAll(/\{(\w+)\}/gu)].map(([, name]) => ({
    ...{ name, in: "path", required: true },
    schema: { type: "string" },
  }));
  const json = (schema: unknown) => ({ "application/json": { schema } });
  const answer = jsonSchemaOf(gives, "output");
  const error =
    refusal === undefined
      ? { $ref: "#/components/schemas/Error" }
      : jsonSchemaOf(refusal.gives, "output");
  return {
    summary,
    ...(needs === "nothing" ? {} : { security: securityOf(page) }),
    ...(needs === "operator" ? { description: "The operator's own: their key, or a seat." } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(takes === null
      ? {}
      : { requestBody: { required: true, content: json(jsonSchemaOf(takes, "input")) } }),
    responses: {
      "200": {
        description: summary,
        content: {
          ...(streams === "always"
            ? {}
            : media
              ? { [media]: { schema: { type: "string" } } }
              : json(answer)),
          // Each event's data is JSON of that shape; what else there is to it is in the docs.
          ...(streams === undefined ? {} : { "text/event-stream": { schema: { type: "string" } } }),
        },
      },
      default: { description: "Refused, or failed.", content: json(error) },
    },
  };
}

/** A key; or the halves of a seat, of which a page shows the cookie alone. */
function securityOf(page: true | undefined): readonly unknown[] {
  return [{ key: [] }, page ? { seat: [] } : { seat: [], proof: [] }];
}
