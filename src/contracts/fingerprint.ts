/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "b522c6ebe40aace9583d93655c64fed96a54990b98e606dad2cce05eacc5aeee";
