import DataLoader from "dataloader";
import type { Deadline } from "../values/deadline.ts";
import type { EmailQueries } from "./email.queries.ts";
import { type EmailRecord, type JoinedEmail, missingEmail } from "./email.ts";

export type EmailLoader = DataLoader<string, EmailRecord | null>;

/** One per request: a shared one would hand one viewer's rows to another. Null is a deleted record. */
export function openEmailLoader(queries: EmailQueries, deadline: Deadline): EmailLoader {
  return new DataLoader(async (ids) => {
    const found = new Map((await queries.findEmailsByIds(ids, deadline)).map(({ id, record }) => [id, record]));
    return ids.map((id) => {
      const record = found.get(id);
      return record === undefined ? missingEmail(id) : record;
    });
  });
}

/** Emails that came along with a page need no statement of their own. */
export function primeEmails(loader: EmailLoader, emails: readonly JoinedEmail[]): void {
  for (const { id, record } of emails) loader.prime(id, record);
}
