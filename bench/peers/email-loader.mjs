import DataLoader from "dataloader";

/**
 * A DataLoader per request, for GraphQL servers without their own batching.
 * @param {import("./support.mjs").PageQueries} queries
 */
export function createEmailLoader(queries) {
  return new DataLoader(async (ids) => {
    const found = await queries.findEmails(ids);
    return ids.map((id) => found.get(id) ?? null);
  });
}
