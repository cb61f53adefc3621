/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "eeaf3622f9c71a0ac7fa181941ec933d8161469681f145257eac7fc27d514ebb";
