/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "516e0dff3a5e0cdcd940f4fa75e90ccf45c6d4ff583775149fe5093e97478941";
