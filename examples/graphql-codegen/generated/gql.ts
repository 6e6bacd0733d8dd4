/* eslint-disable */
import * as types from './graphql.js';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "query Jobs($taskId: UUID!, $limit: Int!, $filter: TaskJobFilter) {\n  taskJobs(taskId: $taskId, limit: $limit, filter: $filter) {\n    count\n    jobs {\n      ...JobFields\n    }\n  }\n}\n\nfragment JobFields on TaskJob {\n  id\n  status\n  updatedAt\n  email {\n    status\n    deliverability\n    validatedAt\n  }\n}": typeof types.JobsDocument,
    "query Progress($taskId: UUID!) {\n  task(id: $taskId) {\n    progress {\n      total\n      percent\n      isComplete\n      lastUpdatedAt\n    }\n  }\n}": typeof types.ProgressDocument,
};
const documents: Documents = {
    "query Jobs($taskId: UUID!, $limit: Int!, $filter: TaskJobFilter) {\n  taskJobs(taskId: $taskId, limit: $limit, filter: $filter) {\n    count\n    jobs {\n      ...JobFields\n    }\n  }\n}\n\nfragment JobFields on TaskJob {\n  id\n  status\n  updatedAt\n  email {\n    status\n    deliverability\n    validatedAt\n  }\n}": types.JobsDocument,
    "query Progress($taskId: UUID!) {\n  task(id: $taskId) {\n    progress {\n      total\n      percent\n      isComplete\n      lastUpdatedAt\n    }\n  }\n}": types.ProgressDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Jobs($taskId: UUID!, $limit: Int!, $filter: TaskJobFilter) {\n  taskJobs(taskId: $taskId, limit: $limit, filter: $filter) {\n    count\n    jobs {\n      ...JobFields\n    }\n  }\n}\n\nfragment JobFields on TaskJob {\n  id\n  status\n  updatedAt\n  email {\n    status\n    deliverability\n    validatedAt\n  }\n}"): typeof import('./graphql.js').JobsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Progress($taskId: UUID!) {\n  task(id: $taskId) {\n    progress {\n      total\n      percent\n      isComplete\n      lastUpdatedAt\n    }\n  }\n}"): typeof import('./graphql.js').ProgressDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
