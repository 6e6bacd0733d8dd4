import DataLoader from "dataloader";
import { failRequest } from "../errors.ts";
import type { Deadline } from "../values/deadline.ts";
import { type EmailQueries, type EmailRecord, isRepresentable } from "./email.queries.ts";

/** Null is a record that was deleted. A record that a response cannot contain is an error of its own job only. */
export type EmailLoader = DataLoader<string, EmailRecord | null>;

/** Reads the emails of a page in one batch. Each request has its own loader, because the loader caches rows. */
export function createEmailLoader(queries: EmailQueries, deadline: Deadline): EmailLoader {
  return new DataLoader(async (ids) => {
    // Otherwise a failed batch would be a page whose emails are all null.
    const found = await queries.findEmailsByIds(ids, deadline).catch(failRequest);
    const emailById = new Map(found.map((email) => [email.id, email]));
    return ids.map((id) => {
      const email = emailById.get(id);
      if (email === undefined) return null;
      return isRepresentable(email) ? email : new Error(`the email record ${id} cannot be represented`);
    });
  });
}
