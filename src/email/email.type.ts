import { Field, ObjectType, registerEnumType } from "type-graphql";
import { DateTime, Uuid } from "../values/scalars.ts";
import type { EmailRecord } from "./email.queries.ts";

export const DeliverabilityEnum = {
  DELIVERABLE: "DELIVERABLE",
  UNDELIVERABLE: "UNDELIVERABLE",
  RISKY: "RISKY",
  UNKNOWN: "UNKNOWN",
} as const;

registerEnumType(DeliverabilityEnum, {
  name: "Deliverability",
  description: "What an email's status means for sending to it, whichever generation of status words was used.",
  valuesConfig: {
    DELIVERABLE: { description: "The mailbox exists: `exists`, `valid`." },
    UNDELIVERABLE: { description: "Mail would bounce: `not_exists`, `invalid`, `invalid_syntax`." },
    RISKY: { description: "May be accepted and still reach nobody: `catchall`, `disposable_domain`." },
    UNKNOWN: { description: "Not known: `unknown` and every word this service has not met yet." },
  },
});

@ObjectType({ description: "The result of verifying one e-mail address." })
export class Email implements EmailRecord {
  @Field(() => Uuid, { simple: true, description: "Identifies the verification record, not the address." })
  readonly id!: string;

  @Field(() => String, { simple: true, description: "The address that was verified, as it was submitted." })
  readonly email!: string;

  @Field(() => String, {
    simple: true,
    description:
      "The verifier's own word, passed through unchanged. An open vocabulary in two generations: `exists`, `not_exists`, " +
      "`catchall`, `invalid_syntax`, `unknown`, and later `valid`, `invalid`, `catchall`, `invalid_syntax`, " +
      "`disposable_domain`, `unknown`. Branch on `deliverability` instead: new words may appear.",
  })
  readonly status!: string;

  @Field(() => Boolean, {
    simple: true,
    description: "Whether the address belongs to a role such as sales@ or info@ rather than to a person.",
  })
  readonly isRoleBased!: boolean;

  @Field(() => Boolean, { simple: true, description: "Whether the domain hands out throw-away addresses." })
  readonly isDisposable!: boolean;

  @Field(() => Boolean, { simple: true, description: "Whether the domain publishes MX records." })
  readonly hasMxRecords!: boolean;

  @Field(() => Boolean, { simple: true, description: "Whether the mail host's address resolves back to a name." })
  readonly hasReverseDns!: boolean;

  @Field(() => String, { simple: true, nullable: true, description: "The address's domain. Null when not determined." })
  readonly domainName!: string | null;

  @Field(() => String, {
    simple: true,
    nullable: true,
    description: "The mail host that was asked. Null when none was reached.",
  })
  readonly hostName!: string | null;

  @Field(() => String, {
    simple: true,
    nullable: true,
    description:
      "The kind of mail server: `Gmail`, `Google Workspace`, `Outlook`, `Microsoft 365`, `Yahoo`, `Postfix`, `Exim`, " +
      "`Unknown` and others; an open vocabulary. Null when none was reached.",
  })
  readonly serverType!: string | null;

  @Field(() => Boolean, {
    simple: true,
    description: "Whether the domain accepts mail for every address, existing or not.",
  })
  readonly isCatchall!: boolean;

  @Field(() => DateTime, {
    simple: true,
    nullable: true,
    description: "When the verification ended. Null while it has not.",
  })
  readonly validatedAt!: string | null;

  @Field(() => String, {
    simple: true,
    nullable: true,
    description: "Why the status is `unknown`, in the verifier's words. Null for any other status.",
  })
  readonly unknownReason!: string | null;

  @Field(() => Boolean, {
    simple: true,
    description: "Whether only sending a real message would tell if the address exists.",
  })
  readonly needsPhysicalVerify!: boolean;
}
