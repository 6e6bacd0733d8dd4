/** A start that failed for a reason a person can mend: said in one message, without a stack. */
export class StartError extends Error {}
