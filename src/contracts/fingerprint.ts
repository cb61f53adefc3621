/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "9ffa6b12c35d3c948a02c5f492176fabfde737e73d7ebff7cc349fc7bea1b561";
