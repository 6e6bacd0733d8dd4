import DataLoader from "dataloader";

/** One per request, over either data access: what GraphQL servers without a loader of their own batch with. */
export function openEmailLoader(queries) {
  return new DataLoader(async (ids) => {
    const found = await queries.findEmails(ids);
    return ids.map((id) => found.get(id) ?? null);
  });
}
