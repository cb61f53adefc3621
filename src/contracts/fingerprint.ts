/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "9f3ea70c0858c55cf3dbea06ccffe5492527261db3116f7895e273ebb41b2243";
