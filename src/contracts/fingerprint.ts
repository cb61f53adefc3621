/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "200dad986abd80046746c3dc39b01c83ec249de661ade665f39712e99b4271eb";
