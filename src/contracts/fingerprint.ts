/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "fc33ced4b009966f12838701c08a62d4a10794ba1172c00205c544e86fb173ee";
