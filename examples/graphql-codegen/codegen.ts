export default {
  // A file, or the address of a server that allows introspection.
  schema: process.env.SCHEMA ?? "../../schema.graphql",
  documents: "*.graphql",
  generates: {
    "generated/": {
      preset: "client",
      presetConfig: {
        fragmentMasking: false,
        // Writes persisted-documents.json, the list of trusted documents for the server.
        persistedDocuments: { hashAlgorithm: "sha256" },
      },
      config: {
        // Documents are texts, so that the program needs no GraphQL library.
        documentMode: "string",
        scalars: { UUID: "string", DateTime: "string" },
        strictScalars: true,
        useTypeImports: true,
        emitLegacyCommonJSImports: false,
      },
    },
  },
};
