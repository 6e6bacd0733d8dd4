import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { Node } from "../nodes/node.type.ts";
import { DateTime } from "../values/scalars.ts";
import type { EmailRecord } from "./email.queries.ts";

export const DeliverabilityEnum = {
  DELIVERABLE: "DELIVERABLE",
  UNDELIVERABLE: "UNDELIVERABLE",
  RISKY: "RISKY",
  UNKNOWN: "UNKNOWN",
} as const;

registerEnumType(DeliverabilityEnum, {
  name: "Deliverability",
  description:
    "Whether mail can be sent to the address. Each status of both generations of the service maps to one value.",
  valuesConfig: {
    DELIVERABLE: { description: "The mailbox exists: `exists`, `valid`." },
    UNDELIVERABLE: { description: "Mail would bounce: `not_exists`, `invalid`, `invalid_syntax`." },
    RISKY: { description: "Mail may be accepted without reaching a person: `catchall`, `disposable_domain`." },
    UNKNOWN: { description: "The result is not known: `unknown` and every status that this API does not know." },
  },
});

@ObjectType({ implements: Node, description: "The result of the verification of one email address." })
export class Email implements EmailRecord, Node {
  @Field(() => ID, {
    simple: true,
    description: "The id of the verification record, a UUID in lower case. One address may have several records.",
  })
  readonly id!: string;

  @Field(() => String, { simple: true, description: "The address that was verified, as it was submitted." })
  readonly email!: string;

  @Field(() => String, {
    simple: true,
    description:
      "The status that the verifier stored, unchanged. The service first used `exists`, `not_exists`, `catchall`, " +
      "`invalid_syntax` and `unknown`, and later `valid`, `invalid`, `catchall`, `invalid_syntax`, `disposable_domain` and " +
      "`unknown`. Other values may appear, so use `deliverability` for decisions.",
  })
  readonly status!: string;

  @Field(() => Boolean, {
    simple: true,
    description: "Whether the address belongs to a role such as sales@ or info@ and not to a person.",
  })
  readonly isRoleBased!: boolean;

  @Field(() => Boolean, { simple: true, description: "Whether the domain provides temporary addresses." })
  readonly isDisposable!: boolean;

  @Field(() => Boolean, { simple: true, description: "Whether the domain publishes MX records." })
  readonly hasMxRecords!: boolean;

  @Field(() => Boolean, { simple: true, description: "Whether the IP address of the mail host has a PTR record." })
  readonly hasReverseDns!: boolean;

  @Field(() => String, {
    simple: true,
    nullable: true,
    description: "The domain of the address. Null if it was not determined.",
  })
  readonly domainName!: string | null;

  @Field(() => String, {
    simple: true,
    nullable: true,
    description: "The mail host that answered. Null if no host was reached.",
  })
  readonly hostName!: string | null;

  @Field(() => String, {
    simple: true,
    nullable: true,
    description:
      "The kind of mail server, such as `Gmail`, `Google Workspace`, `Outlook`, `Microsoft 365`, `Yahoo`, `Postfix`, `Exim` " +
      "or `Unknown`. Other values may appear. Null if no host was reached.",
  })
  readonly serverType!: string | null;

  @Field(() => Boolean, {
    simple: true,
    description: "Whether the domain accepts mail for every address, even for addresses that do not exist.",
  })
  readonly isCatchall!: boolean;

  @Field(() => DateTime, {
    simple: true,
    nullable: true,
    description: "When the verification ended. Null if it has not ended.",
  })
  readonly validatedAt!: string | null;

  @Field(() => String, {
    simple: true,
    nullable: true,
    description:
      "The verifier's reason for the status, most often for `unknown`. If the result was imported from another verifier's file, " +
      "it also has the status word of that verifier.",
  })
  readonly unknownReason!: string | null;

  @Field(() => Boolean, {
    simple: true,
    description: "Whether only a real message can show that the address exists.",
  })
  readonly needsPhysicalVerify!: boolean;
}
