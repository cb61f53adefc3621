/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "aeff3e4c478d864f8bbf64d8214154e7634e3245ff91c863660cfb3daaf43ef5";
