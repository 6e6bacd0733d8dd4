/**
 * The most expensive page of 100 jobs there is costs 2,459 (`src/graphql/limits/limits.ts`), and by REST it is one point. So it is by
 * GraphQL; the most expensive query that is accepted costs 10,000 and takes four.
 */
const COST_OF_A_POINT = 2500;

export function pointsOfCost(cost: number): number {
  return Math.max(1, Math.ceil(cost / COST_OF_A_POINT));
}
