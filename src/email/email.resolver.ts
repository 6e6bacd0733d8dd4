import { FieldResolver, Resolver, Root } from "type-graphql";
import { type Deliverability, deliverabilityOfStatus } from "./deliverability.ts";
import { DeliverabilityEnum, Email } from "./email.type.ts";

@Resolver(() => Email)
export class EmailResolver {
  @FieldResolver(() => DeliverabilityEnum, {
    description: "The status folded into four words that will not change. Use this to decide whether to send.",
  })
  deliverability(@Root() email: Email): Deliverability {
    return deliverabilityOfStatus(email.status);
  }
}
