/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "2d52efbb94356f6f23c6afb4785d97b4ced9c63dfc34ef501ace466e3dc5c281";
