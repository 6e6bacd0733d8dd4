import DataLoader from "dataloader";
import type { EmailQueries } from "./email.queries.ts";
import type { EmailRecord } from "./email.ts";

/**
 * One per request: a shared one would hand one viewer's rows to another. Null is a deleted record. A missing one is an
 * error: the foreign key forbids it, so somebody must hear of it.
 */
export function openEmailLoader(queries: EmailQueries): DataLoader<string, EmailRecord | null> {
  return new DataLoader(async (ids) => {
    const found = new Map((await queries.findEmailsByIds(ids)).map((email) => [email.id, email]));
    return ids.map((id) => {
      const email = found.get(id);
      if (email === undefined) return new Error(`email record ${id} is missing`);
      return email.isDeleted ? null : email;
    });
  });
}
