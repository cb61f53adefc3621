/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "32e4f847e66a78f86c6f693971692fa696acbc54b7c62dce37613d7648447b8b";
