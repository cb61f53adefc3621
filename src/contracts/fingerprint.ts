/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "55142a85cfa3966351c2c8aeb879ba545e6466fce13ea5d8bf40bdd32e09106d";
