/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "53c810f899ded4d099aad2e3ae49969b6cafd44777944427743f2f2762fc867b";
