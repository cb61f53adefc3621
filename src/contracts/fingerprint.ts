/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "0ab78b7201665f1e7555ee11f6bb89d6bf164a8c23a3f46a5f7a7e038291b80f";
