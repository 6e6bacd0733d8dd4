-- Both run with their owner's rights and are for the triggers alone: whoever may connect could call them, and write totals.
REVOKE EXECUTE ON FUNCTION "add_to_free_total"(uuid, bigint), "add_to_total"(uuid, bigint) FROM PUBLIC;
