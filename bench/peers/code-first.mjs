const EMAIL_FLAGS = [
  "isRoleBased",
  "isDisposable",
  "hasMxRecords",
  "hasReverseDns",
  "isCatchall",
  "needsPhysicalVerify",
];

/**
 * The types of the page with the decorators of type-graphql or Nest, which are similar. This is JavaScript, so the decorators
 * are called as functions.
 */
export function defineTypes({ Field, ID, ObjectType }) {
  const nullable = { nullable: true };

  class Email {}
  for (const name of ["status", "email"]) Field(() => String)(Email.prototype, name);
  for (const name of ["domainName", "hostName", "serverType", "unknownReason"]) {
    Field(() => String, nullable)(Email.prototype, name);
  }
  for (const name of EMAIL_FLAGS) Field(() => Boolean)(Email.prototype, name);
  Field(() => ID)(Email.prototype, "id");
  Field(() => Date, nullable)(Email.prototype, "validatedAt");
  ObjectType()(Email);

  class TaskJob {}
  for (const name of ["id", "taskId"]) Field(() => ID)(TaskJob.prototype, name);
  for (const name of ["emailAddress", "status"]) Field(() => String)(TaskJob.prototype, name);
  for (const name of ["createdAt", "updatedAt"]) Field(() => Date)(TaskJob.prototype, name);
  ObjectType()(TaskJob);

  class TaskJobs {}
  Field(() => [TaskJob])(TaskJobs.prototype, "jobs");
  ObjectType()(TaskJobs);

  return { Email, TaskJob, TaskJobs };
}

/**
 * Applies the decorator of a method, which is a function in JavaScript.
 * @param {object} prototype
 * @param {string} name
 * @param {MethodDecorator} decorator
 */
export function decorateMethod(prototype, name, decorator) {
  decorator(prototype, name, /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(prototype, name)));
}

/**
 * A resolver without decorators, because the decorators of arguments differ.
 * @param {import("./support.mjs").PageQueries} queries
 */
export function resolverOf(queries) {
  return class TaskJobResolver {
    async taskJobs(taskId, limit, offset) {
      return { jobs: await queries.findJobs({ taskId, limit, offset }) };
    }

    async email(job, context) {
      return job.emailId === null ? null : await context.emailById.load(job.emailId);
    }
  };
}
