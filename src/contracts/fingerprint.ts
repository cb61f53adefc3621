/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "57a6f001af9165d614d74680455bccecfff08a2542e42b1f784bf1a1e8cf12c0";
