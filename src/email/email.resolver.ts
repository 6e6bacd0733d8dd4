import { FieldResolver, Resolver, Root } from "type-graphql";
import { type Deliverability, deliverabilityOfStatus } from "./deliverability.ts";
import { DeliverabilityEnum, Email } from "./email.type.ts";

@Resolver(() => Email)
export class EmailResolver {
  @FieldResolver(() => DeliverabilityEnum, {
    description:
      "The meaning of `status` in four values that do not change. Use this field to decide whether to send mail.",
  })
  deliverability(@Root() email: Email): Deliverability {
    return deliverabilityOfStatus(email.status);
  }
}
