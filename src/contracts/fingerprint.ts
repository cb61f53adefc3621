/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "0de8493b29a27ad17773db1589a8a9ab08e6cca6e24ba642a1b369f2abb5a76d";
