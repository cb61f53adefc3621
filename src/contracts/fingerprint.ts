/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "d6443954ec5f26b47522265f12dd7f83f15a8094a9d647ccfcba63c788ffbbcb";
